import { Component } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { ConnectionLostError } from "@web/core/network/rpc";
import { _t } from "@web/core/l10n/translation";

/**
 * What popups share that ask for something and hand it to the server: once at a time,
 * by button or Enter, and what goes wrong is said in the popup.
 *
 * They have a `state` with `busy` and `message`, and say when they `canConfirm`, what to
 * `ask` the server, and what it means that there is no connection (`offlineText`).
 */
// Each window declares a template and props of its own.
// eslint-disable-next-line no-restricted-syntax
export class AskingPopup extends Component {
    static components = { Dialog };

    onKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            this.confirm();
        }
    }

    async confirm() {
        if (!this.canConfirm) {
            return;
        }
        this.state.busy = true;
        try {
            await this.ask();
        } catch (error) {
            this.state.message = this.explain(error);
        } finally {
            this.state.busy = false;
        }
    }

    explain(error) {
        if (error instanceof ConnectionLostError) {
            return this.offlineText;
        }
        return error.data?.message || _t("The server had an error. Try again.");
    }
}
