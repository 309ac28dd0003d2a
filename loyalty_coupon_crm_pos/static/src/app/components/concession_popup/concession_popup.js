import { useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { AskingPopup } from "@loyalty_coupon_crm_pos/app/components/asking_popup/asking_popup";

/**
 * What a loyalty manager fills in to set a rule aside or to give a coupon.
 *
 * The manager who is logged in needs no PIN; the server knows who that is.
 */
export class ConcessionPopup extends AskingPopup {
    static template = "loyalty_coupon_crm_pos.ConcessionPopup";
    static props = {
        title: String,
        text: { type: String, optional: true },
        choices: Object,
        // Takes what was chosen, returns `granted` and `message`.
        submit: Function,
        close: Function,
    };

    setup() {
        const { managers, own, programs, reasons } = this.props.choices;
        this.state = useState({
            programId: programs?.[0]?.id || false,
            reasonId: reasons[0]?.id || false,
            managerId: own ? false : managers[0]?.id || false,
            note: "",
            pin: "",
            message: "",
            busy: false,
        });
    }

    get needsPin() {
        return Boolean(this.state.managerId);
    }

    get isPossible() {
        const { managers, own } = this.props.choices;
        return own || managers.length > 0;
    }

    get canConfirm() {
        const { busy, pin, reasonId } = this.state;
        return this.isPossible && !busy && Boolean(reasonId && (!this.needsPin || pin));
    }

    async ask() {
        const { managerId, note, pin, programId, reasonId } = this.state;
        const { granted, message } = await this.props.submit({
            manager_id: Number(managerId) || false,
            program_id: Number(programId) || false,
            reason_id: Number(reasonId),
            note,
            pin,
        });
        if (granted) {
            return this.props.close();
        }
        Object.assign(this.state, { message, pin: "" });
    }

    get offlineText() {
        return _t("There is no connection: only the server can allow this.");
    }
}
