import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const MOST_COUPONS = 8;

patch(PosStore.prototype, {
    /**
     * Put the best combination of rewards on the order, and say what it saves.
     *
     * Open coupons of the customer take part. The server says what is refused, and which
     * programs do not go together.
     */
    async clickBestOffer() {
        const order = this.getOrder();
        await this.updatePrograms();
        const coupons = await this.fetchOpenCoupons(order);
        const facts = await this.fetchOfferFacts(order, coupons);
        if (this.getOrder() !== order) {
            return;
        }
        const added = this.linkCoupons(order, coupons);
        const choices = order.getBestChoices();
        const allowed = choices.filter(
            ({ reward, coupon_id: id }) =>
                !facts.cards.includes(id) &&
                !facts.programs.includes(reward.program_id.id)
        );
        const found = order.searchBestRewards(allowed, (chosen) =>
            goTogether(chosen, facts.excluded)
        );
        if (found.length) {
            order.applyBestRewards(found[0].choices, choices);
        }
        this.unlinkCoupons(order, added, found[0]?.choices || []);
        await this.updatePrograms();
        this.holdCards(order);
        if (!found.length) {
            this.notification.add(
                _t("No coupon and no offer takes anything off now."),
                {
                    type: "info",
                }
            );
            return;
        }
        this.dialog.add(AlertDialog, {
            title: _t("Best Offer"),
            body: this.describeBestOffer(order, found),
        });
    },

    /**
     * Return the coupons of the customer that could be used now and are not on the order.
     */
    async fetchOpenCoupons(order) {
        const partnerId = order.getPartner()?.id;
        if (typeof partnerId !== "number") {
            return [];
        }
        const { coupons } = await this.data.call("pos.config", "get_customer_wallet", [
            [this.config.id],
            partnerId,
        ]);
        await this.loadPrograms({ programIds: coupons.map((one) => one.program_id) });
        const linked = order._code_activated_coupon_ids.map((card) => card.id);
        return coupons
            .filter(
                (coupon) =>
                    !coupon.reasons.length &&
                    !linked.includes(coupon.id) &&
                    this.models["loyalty.program"].get(coupon.program_id)
            )
            .slice(0, MOST_COUPONS);
    },

    /**
     * Put coupons on the order as if they had been scanned; return their cards.
     */
    linkCoupons(order, coupons) {
        const cards = this.models["loyalty.card"];
        const added = coupons.map(
            ({ id, code, points, program_id: programId }) =>
                cards.get(id) ||
                cards.create({
                    id,
                    code,
                    points,
                    program_id: this.models["loyalty.program"].get(programId),
                    partner_id: order.getPartner(),
                })
        );
        if (added.length) {
            order._code_activated_coupon_ids = [["link", ...added]];
        }
        return added;
    },

    /**
     * Leave the customer the coupons that the best offer does not need.
     */
    unlinkCoupons(order, added, chosen) {
        const used = chosen.map(({ coupon_id: id }) => id);
        for (const card of added.filter(({ id }) => !used.includes(id))) {
            order.dropCard(card.id);
        }
    },

    fetchOfferFacts(order, coupons) {
        const choices = order.getBestChoices();
        const cards = choices.map(({ coupon_id: id }) => id).filter((id) => id > 0);
        const programs = [
            ...choices.map(({ reward }) => reward.program_id.id),
            ...coupons.map((coupon) => coupon.program_id),
        ];
        return this.data.call("pos.config", "best_offer_facts", [
            [this.config.id],
            order.uuid,
            [...new Set([...cards, ...coupons.map((coupon) => coupon.id)])],
            [...new Set(programs)],
            order.getPartner()?.id || false,
        ]);
    },

    /**
     * Return in words what the best combination saves, and what the next one would.
     */
    describeBestOffer(order, found) {
        const money = (amount) => this.env.utils.formatCurrency(amount);
        const [best, ...others] = found;
        const lines = [_t("%s saved:", money(best.amount))];
        for (const { reward } of best.choices) {
            const amount = order.lines
                .filter((line) => line.reward_id?.id === reward.id)
                .reduce((sum, line) => sum - line.prices.total_included, 0);
            lines.push(
                _t("%(program)s: %(amount)s", {
                    program: reward.program_id.name,
                    amount: money(amount),
                })
            );
        }
        const next = others.find(
            ({ choices }) => !choices.every((one) => best.choices.includes(one))
        );
        if (next) {
            lines.push(
                _t("Next best: %(programs)s, %(amount)s.", {
                    programs: next.choices
                        .map(({ reward }) => reward.program_id.name)
                        .join(", "),
                    amount: money(next.amount),
                })
            );
        }
        return lines.join("\n");
    },
});

function goTogether(chosen, excluded) {
    const programs = chosen.map(({ reward }) => reward.program_id.id);
    return !excluded.some(
        ([one, other]) => programs.includes(one) && programs.includes(other)
    );
}
