import { useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { AskingPopup } from "@loyalty_coupon_crm_pos/app/components/asking_popup/asking_popup";

/**
 * The member on the order confirms what coupons and points pay: with a PIN, or with a
 * code that is sent to the phone or by e-mail.
 */
export class ConfirmPopup extends AskingPopup {
    static template = "loyalty_coupon_crm_pos.ConfirmPopup";
    static props = {
        uuid: String,
        partnerId: Number,
        amount: Number,
        // As of `pos.config.confirm_choices`.
        choices: Object,
        getPayload: Function,
        close: Function,
    };

    setup() {
        this.pos = usePos();
        useAutofocus({ refName: "secret" });
        this.state = useState({
            method: this.methods[0]?.id || false,
            secret: "",
            sent: "",
            message: "",
            busy: false,
        });
    }

    get methods() {
        const { pin, sms, email } = this.props.choices;
        return [
            { id: "pin", label: _t("PIN"), isShown: pin },
            { id: "sms", label: _t("Code to %s", sms), isShown: sms },
            { id: "email", label: _t("Code to %s", email), isShown: email },
        ].filter(({ isShown }) => isShown);
    }

    get text() {
        return _t("%(member)s confirms %(amount)s paid with coupons and points.", {
            member: this.props.choices.name,
            amount: this.env.utils.formatCurrency(this.props.amount),
        });
    }

    get needsCode() {
        return this.state.method !== "pin" && this.state.sent !== this.state.method;
    }

    get canConfirm() {
        const { busy, method, secret } = this.state;
        return Boolean(!busy && method && (this.needsCode || secret.trim()));
    }

    choose(method) {
        Object.assign(this.state, { method, secret: "", message: "" });
    }

    async ask() {
        await (this.needsCode ? this.send() : this.check());
    }

    async send() {
        await this.call("send_confirm_code", [this.state.method]);
        Object.assign(this.state, {
            sent: this.state.method,
            message: _t("The code was sent. It is valid for a few minutes."),
        });
    }

    async check() {
        const { method, secret } = this.state;
        const { amount, message } = await this.call("confirm_member", [
            method,
            secret.trim(),
        ]);
        if (message) {
            Object.assign(this.state, { message, secret: "" });
            return;
        }
        this.props.getPayload(amount);
        this.props.close();
    }

    call(method, args) {
        const { uuid, partnerId, amount } = this.props;
        return this.pos.data.call("pos.config", method, [
            [this.pos.config.id],
            uuid,
            partnerId,
            amount,
            ...args,
        ]);
    }

    get offlineText() {
        return _t("There is no connection: nobody can confirm now.");
    }
}
