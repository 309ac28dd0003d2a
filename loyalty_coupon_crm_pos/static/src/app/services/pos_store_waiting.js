import { PosStore } from "@point_of_sale/app/services/pos_store";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/services/pos_store";

const AT_ONCE = 50;

/**
 * Programs that wait: the till opened without them, and reads them when a code is
 * entered or a card of a customer asks for them.
 */
patch(PosStore.prototype, {
    async setup() {
        await super.setup(...arguments);
        this.loadProgramsAhead();
    },

    async processServerData() {
        await super.processServerData(...arguments);
        this.models["loyalty.rule"].addEventListener("create", ({ ids }) =>
            this.prepareRules(ids)
        );
        this.models["loyalty.reward"].addEventListener("create", ({ ids }) =>
            this.prepareRewards(ids)
        );
    },

    /**
     * Do for new rules what Odoo does when the till opens.
     */
    prepareRules(ids) {
        for (const rule of this.models["loyalty.rule"].readMany(ids)) {
            rule.validProductIds = new Set(rule.raw.valid_product_ids);
        }
    },

    /**
     * Do for new rewards what Odoo does when the till opens.
     */
    prepareRewards(ids) {
        const products = this.models["product.product"].getAll();
        for (const reward of this.models["loyalty.reward"].readMany(ids)) {
            this.computeDiscountProductIds(reward, products);
        }
    },

    async activateCode(code) {
        await this.loadPrograms({ code });
        return super.activateCode(...arguments);
    },

    /**
     * Read the programs that a code stands for, and those of ids that are not here yet.
     *
     * @param {Object} wanted
     * @param {string} [wanted.code] as scanned or typed
     * @param {number[]} [wanted.programIds]
     */
    async loadPrograms({ code = false, programIds = [] }) {
        const missing = [...new Set(programIds)].filter((id) => !this.hasProgram(id));
        if (!this.config._loyalty_waits || (!code && !missing.length)) {
            return;
        }
        const rows = await this.data.call("pos.config", "load_programs", [
            [this.config.id],
            code,
            missing,
        ]);
        if (rows["loyalty.program"]?.length) {
            await this.connectPrograms(rows);
        }
    },

    /**
     * Return whether a program is here with what it asks for and gives: the till knows
     * some by name only.
     */
    hasProgram(id) {
        const program = this.models["loyalty.program"].get(id);
        const parts = [
            ...(program?.raw.rule_ids || []),
            ...(program?.raw.reward_ids || []),
        ];
        return Boolean(
            program &&
                parts.length === program.rule_ids.length + program.reward_ids.length
        );
    },

    async connectPrograms(rows) {
        this.data.synchronizeServerDataInIndexedDB(rows);
        const isNew = (row) => !this.models["product.product"].get(row.id);
        const templates = new Set(
            rows["product.product"].filter(isNew).map((row) => row.product_tmpl_id)
        );
        const known = rows["loyalty.reward"]
            .map(({ id }) => id)
            .filter((id) => this.models["loyalty.reward"].get(id));
        // What the till has of products may be on orders already.
        const found = this.models.connectNewData({
            ...rows,
            "product.product": rows["product.product"].filter(isNew),
            "product.template": rows["product.template"].filter(({ id }) =>
                templates.has(id)
            ),
        });
        this.prepareRules(found["loyalty.rule"].map((rule) => rule.id));
        this.prepareRewards(known);
        await this.loadProgramProducts(rows);
    },

    /**
     * Read goods that a reward gives and that the till did not load when it opened.
     */
    async loadProgramProducts(rows) {
        const named = [
            ...rows["loyalty.reward"].flatMap((reward) => [
                reward.reward_product_id,
                ...reward.reward_product_ids,
            ]),
            ...rows["loyalty.program"].flatMap((one) => one.trigger_product_ids),
        ];
        const missing = [...new Set(named)].filter(
            (id) => id && !this.models["product.product"].get(id)
        );
        if (missing.length) {
            await this.data.callRelated(
                "product.template",
                "load_product_from_pos",
                [this.config.id, [["product_variant_ids.id", "in", missing]], 0, 0],
                { context: { load_archived: true } },
                false
            );
        }
    },

    /**
     * A till that may sell without connection gets ready for it after it has opened.
     */
    async loadProgramsAhead() {
        const { _loyalty_waits: waits, loyalty_offline: mode } = this.config;
        if (!waits || !mode || mode === "refuse") {
            return;
        }
        const ids = await this.data.silentCall("pos.config", "load_waiting_ids", [
            [this.config.id],
        ]);
        for (let start = 0; start < (ids || []).length; start += AT_ONCE) {
            await this.tryLoadPrograms(ids.slice(start, start + AT_ONCE));
        }
    },

    /**
     * Read programs that are good to have: without connection the till does without.
     */
    async tryLoadPrograms(programIds) {
        try {
            await this.loadPrograms({ programIds });
        } catch {
            return false;
        }
        return true;
    },
});
