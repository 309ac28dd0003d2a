import { onMounted, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { AskingPopup } from "@loyalty_coupon_crm_pos/app/components/asking_popup/asking_popup";

/**
 * Find a member by phone, code or QR; who is not known yet joins with a name.
 */
export class MemberPopup extends AskingPopup {
    static template = "loyalty_coupon_crm_pos.MemberPopup";
    static props = { getPayload: Function, close: Function };

    setup() {
        this.pos = usePos();
        this.textRef = useRef("text");
        this.nameRef = useRef("name");
        this.state = useState({
            text: "",
            name: "",
            // The number of somebody who can join.
            phone: false,
            // What they are asked to agree to, and to what they did.
            purposes: [],
            agreed: {},
            message: "",
            busy: false,
        });
        onMounted(() => this.textRef.el.focus());
        useEffect(
            (el) => el?.focus(),
            () => [this.nameRef.el]
        );
    }

    get canConfirm() {
        const { busy, phone, name, text } = this.state;
        return !busy && Boolean(phone ? name.trim() : text.trim());
    }

    onInput() {
        Object.assign(this.state, { phone: false, message: "" });
    }

    onAgree(purpose, agreed) {
        this.state.agreed[purpose] = agreed;
    }

    async ask() {
        await (this.state.phone ? this.join() : this.find());
    }

    async find() {
        const found = await this.call("find_member", [this.state.text]);
        if (found.partner_id) {
            return this.choose(found.partner_id);
        }
        this.state.phone = found.phone;
        this.state.purposes = found.purposes || [];
        this.state.agreed = {};
        this.state.message = found.phone
            ? _t("Nobody has the number %s yet.", found.phone)
            : _t(
                  "No member has this number or code. Type numbers of other countries with + in front."
              );
    }

    async join() {
        const { phone, name, purposes, agreed } = this.state;
        const keys = purposes.map(([key]) => key).filter((key) => agreed[key]);
        await this.choose(await this.call("enrol_member", [phone, name, keys]));
    }

    async choose(partnerId) {
        if (!this.pos.models["res.partner"].get(partnerId)) {
            await this.pos.data.read("res.partner", [partnerId]);
        }
        this.props.getPayload(this.pos.models["res.partner"].get(partnerId));
        this.props.close();
    }

    call(method, args) {
        return this.pos.data.call("pos.config", method, [
            [this.pos.config.id],
            ...args,
        ]);
    }

    get offlineText() {
        return _t("There is no connection: members cannot be looked up now.");
    }
}
