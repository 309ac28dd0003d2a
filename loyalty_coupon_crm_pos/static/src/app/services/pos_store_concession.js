import { PosStore } from "@point_of_sale/app/services/pos_store";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store";
import { ConcessionPopup } from "@loyalty_coupon_crm_pos/app/components/concession_popup/concession_popup";

const OFFER_SECONDS = 20;

/**
 * What a loyalty manager may allow or give at the till; the server decides on each.
 *
 * What was refused is named by `code` of a card, or `programId` of a promotion without
 * one; `minimum` when the order lacks what the program asks for.
 */
patch(PosStore.prototype, {
    /**
     * What a manager may allow is told in one notice, with the button to ask.
     *
     * @returns {Promise<true|string>} why not, in words, where nobody has said so yet
     */
    async activateCode(code) {
        const order = this.getOrder();
        this._offeredCode = undefined;
        const result = await super.activateCode(...arguments);
        if (typeof result !== "string") {
            return result;
        }
        const isOffered = await this.offerConcession(order, { code });
        this._offeredCode = isOffered ? code : undefined;
        return isOffered || result;
    },

    /**
     * Return whether the code that was entered last was refused, and the notice has said
     * so.
     */
    isOffered(code) {
        return this._offeredCode === code;
    },

    /**
     * Where a manager may allow what was refused, the same window has the button to ask.
     *
     * @override
     */
    async tellRefused(order, message, { cards, programs }) {
        const code = Object.keys(cards)
            .map((id) => this.models["loyalty.card"].get(Number(id))?.code)
            .find(Boolean);
        const programId = Number(Object.keys(programs)[0]) || false;
        const subject = code ? { code } : { programId };
        const asked = await this.findConcession(order, subject);
        if (!asked) {
            return super.tellRefused(...arguments);
        }
        this.dialog.add(ConfirmationDialog, {
            ...message,
            confirmLabel: _t("Ask a Manager"),
            confirm: () => this.openConcession(order, subject, asked),
            cancelLabel: _t("Close"),
            cancel: () => {},
        });
    },

    /**
     * Return what the server says when a manager may allow what was refused, else null.
     */
    async findConcession(order, subject) {
        if (this.data.network.offline || !(subject.code || subject.programId)) {
            return null;
        }
        const asked = await this.data.silentCall(
            "pos.config",
            "ask_concession",
            this.concessionArgs(order, subject)
        );
        return asked?.possible && this.getOrder() === order ? asked : null;
    },

    /**
     * Say why something was refused and that a manager may allow it, when one may.
     *
     * @returns {Promise<boolean>} whether it was said
     */
    async offerConcession(order, subject) {
        const asked = await this.findConcession(order, subject);
        if (!asked) {
            return false;
        }
        const close = this.notification.add(asked.text, {
            type: "warning",
            autocloseDelay: OFFER_SECONDS * 1000,
            buttons: [
                {
                    name: _t("Ask a Manager"),
                    primary: true,
                    onClick: () => {
                        close();
                        this.openConcession(order, subject, asked);
                    },
                },
            ],
        });
        return true;
    },

    /**
     * Ask a manager at once, for what the cashier sees refused in the panel.
     */
    async askConcession(order, subject) {
        const asked = await this.data.call(
            "pos.config",
            "ask_concession",
            this.concessionArgs(order, subject)
        );
        if (asked.possible) {
            return this.openConcession(order, subject, asked);
        }
        this.notification.add(_t("No manager can allow this."), { type: "danger" });
    },

    openConcession(order, subject, asked) {
        this.dialog.add(ConcessionPopup, {
            title: _t("Allow this once"),
            text: asked.text,
            choices: asked,
            submit: async (choice) => {
                const [ids, uuid, ...rest] = this.concessionArgs(order, subject);
                const answer = await this.data.call("pos.config", "allow_refused", [
                    ids,
                    uuid,
                    choice,
                    ...rest,
                ]);
                if (answer.granted) {
                    await this.useConcession(order, subject);
                }
                return answer;
            },
        });
    },

    concessionArgs(order, { code = false, programId = false, minimum = false }) {
        return [
            [this.config.id],
            order.uuid,
            code,
            programId,
            order.getPartner()?.id || false,
            minimum,
        ];
    },

    /**
     * Put on the order what was allowed.
     */
    async useConcession(order, { code, programId, minimum }) {
        order.forgetRefusals();
        if (minimum) {
            order.allowBelowMinimum(code);
        }
        const program = programId && this.models["loyalty.program"].get(programId);
        const rule = program && program.rule_ids.find((one) => one.code);
        const word = code || rule?.code;
        const isOnOrder = order._code_activated_coupon_ids.some(
            (card) => card.code === word
        );
        const result = word && !isOnOrder ? await this.activateCode(word) : true;
        if (typeof result === "string") {
            this.notification.add(result, { type: "danger" });
        }
        await this.updateRewards();
    },

    /**
     * Have a manager give the customer on the order a goodwill coupon.
     */
    async clickGoodwill() {
        const order = this.getOrder();
        const partner = order.getPartner();
        if (!partner) {
            this.notification.add(_t("Choose the customer first."), {
                type: "warning",
            });
            return;
        }
        const choices = await this.data.call("pos.config", "goodwill_choices", [
            [this.config.id],
        ]);
        this.dialog.add(ConcessionPopup, {
            title: _t("Goodwill coupon for %s", partner.name),
            choices,
            submit: async (choice) => {
                const answer = await this.data.call("pos.config", "give_goodwill", [
                    [this.config.id],
                    choice,
                    partner.id,
                ]);
                if (answer.granted) {
                    order.uiState.goodwillCode = answer.code;
                    this.notification.add(
                        _t("%(customer)s has the new coupon %(code)s.", {
                            customer: partner.name,
                            code: answer.code,
                        }),
                        { type: "success" }
                    );
                }
                return answer;
            },
        });
    },
});
