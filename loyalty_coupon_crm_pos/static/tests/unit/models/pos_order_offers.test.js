import { describe, expect, globals, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

definePosModels();

const CASES = "/loyalty_coupon_crm/static/tests/cases/offers.json";

/** Put the shared carts on real orders of a till. */
class Till {
    constructor(store) {
        this.store = store;
        this.models = store.models;
        this.nextId = 9000;
        this.goods = new Map();
        this.taxes = new Map();
    }

    start(store, { rounding, tax_rounding }) {
        const decimals = Math.max(Math.ceil(-Math.log10(rounding)), 0);
        Object.assign(store.currency, { rounding, decimal_places: decimals });
        store.config.company_id.tax_calculation_rounding_method = tax_rounding;
        this.order = store.addNewOrder();
        this.order.pricelist_id = false;
    }

    good(key) {
        if (!this.goods.has(key)) {
            const template = this.models["product.template"].get(1);
            const values = { id: this.nextId++, display_name: key, lst_price: 1 };
            const product = this.models["product.product"].create({
                ...values,
                product_tmpl_id: template,
                taxes_id: [],
            });
            this.goods.set(key, product);
        }
        return this.goods.get(key);
    }

    tax(key) {
        if (key === "0") {
            return [];
        }
        if (!this.taxes.has(key)) {
            const tax = this.models["account.tax"].create({
                id: this.nextId++,
                name: key,
                amount: parseFloat(key),
                amount_type: "percent",
                price_include: key.endsWith("i"),
                include_base_amount: false,
                is_base_affected: true,
                has_negative_factor: false,
                sequence: 1,
                children_tax_ids: [],
                tax_group_id: this.models["account.tax.group"]?.getFirst(),
            });
            this.taxes.set(key, tax);
        }
        return [["link", this.taxes.get(key)]];
    }

    addGood(product, { quantity }, { price, tax }, values = {}) {
        return this.models["pos.order.line"].create({
            order_id: this.order,
            product_id: product,
            qty: quantity,
            price_unit: price,
            price_type: "manual",
            tax_ids: this.tax(tax),
            ...values,
        });
    }

    addLine(line) {
        const product = this.good(line.product);
        if (line.parts.length === 1) {
            return this.addGood(product, line, line.parts[0]);
        }
        const parent = this.addGood(product, line, { price: 0, tax: "0" });
        for (const part of line.parts) {
            const item = this.good(`${line.product} ${part.tax}`);
            this.addGood(item, line, part, { combo_parent_id: parent });
        }
        return parent;
    }

    addOffer(offer, number) {
        const ids = (keys) => keys.map((key) => this.good(key).id);
        const found = offer.products || [...this.goods.keys()];
        const data = { ...offer, rank: [number, 1, number] };
        if (data.parts) {
            data.parts = data.parts.map((part) => ({
                ...part,
                products: ids(part.products),
            }));
        }
        const reward = this.models["loyalty.reward"].create({
            id: this.nextId++,
            description: "Offer",
            program_id: this.models["loyalty.program"].get(1),
            reward_type: "discount",
            required_points: 1,
            clear_wallet: false,
            discount: 1,
            discount_mode: "per_order",
            discount_applicability: "specific",
            discount_max_amount: offer.most || 0,
            discount_line_product_id: this.good("discount"),
            reward_product_domain: "null",
            all_discount_product_ids: found.map((key) => ["link", this.good(key)]),
            offer_data: data,
        });
        const card = this.models["loyalty.card"].create({
            id: this.nextId++,
            points: 1,
            program_id: this.models["loyalty.program"].get(1),
        });
        this.order.uiState.couponPointChanges[card.id] = {
            coupon_id: card.id,
            program_id: 1,
            points: 0,
        };
        return { reward, card };
    }

    /** Return {tax key: amount off the price} of a reward on the order. */
    off(reward) {
        const lines = this.order.lines.filter((line) => line.reward_id === reward);
        return Object.fromEntries(
            lines.map((line) => [line.tax_ids[0]?.name || "0", -line.price_unit])
        );
    }
}

describe("pos.order - offers on several items", () => {
    test("the carts that sales orders are tested with", async () => {
        const cases = await (await globals.fetch(CASES)).json();
        const store = await setupPosEnv();
        const till = new Till(store);
        let checked = 0;
        for (const cart of cases.filter((one) => one.limit === undefined)) {
            till.start(store, cart);
            cart.lines.forEach((line) => till.addLine(line));
            const offers = cart.offers.map((offer, index) =>
                till.addOffer(offer, index)
            );
            // The last one first: the result does not depend on it.
            for (const { reward, card } of [...offers].reverse()) {
                till.order._applyReward(reward, card.id);
            }
            till.order._updateRewardLines();
            for (const [index, { reward }] of offers.entries()) {
                expect(till.off(reward)).toEqual(cart.results[index].amounts, {
                    message: `${cart.name}: offer ${index + 1}`,
                });
            }
            expect(till.order.priceIncl).toBeCloseTo(cart.order.total, {
                message: `${cart.name}: total`,
            });
            expect(till.order.amountTaxes).toBeCloseTo(cart.order.tax, {
                message: `${cart.name}: taxes`,
            });
            checked += 1;
        }
        expect(checked >= 60).toBe(true);
    });

    async function setupTea(quantity) {
        const store = await setupPosEnv();
        const till = new Till(store);
        till.start(store, { rounding: 0.01, tax_rounding: "round_per_line" });
        const parts = [{ tax: "0", price: 10 }];
        const line = till.addLine({ product: "tea", quantity, parts });
        const offer = { kind: "nth", every: 2, percent: 50, products: ["tea"] };
        return { till, line, ...till.addOffer(offer, 1) };
    }

    test("an offer without effect is not offered and says what is missing", async () => {
        const { till, reward, card } = await setupTea(1);
        const claimable = till.order.getClaimableRewards();
        expect(claimable.some((one) => one.reward === reward)).toBe(false);
        const answer = till.order._applyReward(reward, card.id);
        expect(String(answer)).toInclude("1 more");
        expect(till.order._get_reward_lines()).toHaveLength(0);
    });

    test("an offer is taken once, and follows the quantity", async () => {
        const { till, line, reward, card } = await setupTea(2);
        expect(till.order._applyReward(reward, card.id)).toBe(true);
        expect(till.order._applyReward(reward, card.id)).not.toBe(true);
        expect(till.order.priceIncl).toBeCloseTo(15);
        line.qty = 4;
        till.order._updateRewardLines();
        expect(till.order.priceIncl).toBeCloseTo(30);
        line.qty = 1;
        till.order._updateRewardLines();
        expect(till.order.priceIncl).toBeCloseTo(10);
    });

    test("what a reward would save is known before it is applied", async () => {
        const { till, reward, card } = await setupTea(4);
        const gain = till.order.getRewardGain({ reward, coupon_id: card.id });
        expect(gain).toBeCloseTo(10);
        expect(till.order.priceIncl).toBeCloseTo(40);
    });

    test("what is refunded takes no part", async () => {
        const { till, line, reward } = await setupTea(2);
        line.refunded_orderline_id = line;
        expect(till.order.getOfferResult(reward).total).toBe(0);
    });

    async function setupVoucher(values = {}) {
        const store = await setupPosEnv();
        const till = new Till(store);
        till.start(store, { rounding: 0.01, tax_rounding: "round_per_line" });
        const program = till.models["loyalty.program"].get(1);
        Object.assign(program, {
            strict: true,
            trigger: "with_code",
            program_type: "coupons",
            applies_on: "current",
            is_nominative: false,
            rule_ids: [["clear"]],
            pricelist_ids: [["clear"]],
        });
        const products = ["tea", "cup"].map((key) => till.good(key));
        const { reward, card } = till.addOffer({ kind: "nth" }, 1);
        Object.assign(reward, {
            offer_data: false,
            offer_times: 1,
            reward_type: "product",
            multi_product: true,
            reward_product_qty: 1,
            reward_product_ids: products.map((product) => ["link", product]),
            ...values,
        });
        products.forEach((product, index) => (product.lst_price = 10 * (index + 1)));
        card.points = 5;
        till.order.uiState.couponPointChanges = {};
        till.order._code_activated_coupon_ids = [["link", card]];
        const add = (product, quantity, price) =>
            till.addLine({ product, quantity, parts: [{ tax: "0", price }] });
        return { till, reward, card, add };
    }

    test("a voucher takes the dearest of its products that is in the cart", async () => {
        const { till, reward, card, add } = await setupVoucher();
        expect(till.order.getClaimableRewards()).toHaveLength(0);
        add("tea", 1, 10);
        add("cup", 3, 20);
        add("milk", 1, 50);
        const [claimable] = till.order.getClaimableRewards();
        expect(claimable.reward).toBe(reward);
        till.order._updateRewardLines();
        const lines = till.order._get_reward_lines();
        expect(lines).toHaveLength(1);
        expect(lines[0]._reward_product_id).toBe(till.good("cup"));
        expect(lines[0].qty).toBe(1);
        expect(lines[0].points_cost).toBe(1);
        expect(till.order._getRealCouponPoints(card.id)).toBe(4);
        till.order._updateRewardLines();
        expect(till.order._get_reward_lines()).toHaveLength(1);
    });

    test("a card with several uses gives as many as its reward allows", async () => {
        const { till, card, add } = await setupVoucher({ offer_times: 2 });
        add("cup", 3, 20);
        till.order._updateRewardLines();
        const [line] = till.order._get_reward_lines();
        expect([line.qty, line.points_cost]).toEqual([2, 2]);
        expect(till.order._getRealCouponPoints(card.id)).toBe(3);
    });

    test("free shipping is not offered where nothing is delivered", async () => {
        const { till, add } = await setupVoucher({ reward_type: "shipping" });
        add("cup", 3, 20);
        expect(till.order.getClaimableRewards()).toHaveLength(0);
    });
});
