import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(PosStore.prototype, {
    /**
     * Put the best combination of rewards on the order, and say what it saves.
     *
     * The server says what is refused, and which programs do not go together.
     */
    async clickBestOffer() {
        const order = this.getOrder();
        await this.updatePrograms();
        const choices = order.getBestChoices();
        const facts = await this.fetchOfferFacts(order, choices);
        if (this.getOrder() !== order) {
            return;
        }
        const allowed = choices.filter(
            ({ reward, coupon_id: id }) =>
                !facts.cards.includes(id) &&
                !facts.programs.includes(reward.program_id.id)
        );
        const found = order.searchBestRewards(allowed, (chosen) =>
            goTogether(chosen, facts.excluded)
        );
        if (!found.length) {
            this.notification.add(
                _t("No coupon and no offer takes anything off now."),
                {
                    type: "info",
                }
            );
            return;
        }
        order.applyBestRewards(found[0].choices, choices);
        await this.updatePrograms();
        this.holdCards(order);
        this.dialog.add(AlertDialog, {
            title: _t("Best Offer"),
            body: this.describeBestOffer(order, found),
        });
    },

    fetchOfferFacts(order, choices) {
        const cards = choices.map(({ coupon_id: id }) => id).filter((id) => id > 0);
        const programs = choices.map(({ reward }) => reward.program_id.id);
        return this.data.call("pos.config", "best_offer_facts", [
            [this.config.id],
            order.uuid,
            [...new Set(cards)],
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
