import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

/**
 * Lets a customer have the best offer looked for in the cart, and says what it saves.
 *
 * As for `cart_points.js` the shop need not be installed: the button is added to what
 * its page shows of rewards.
 */
export class BestOffer extends Interaction {
    static selector = ".oe_website_sale_gift_card";

    async willStart() {
        this.form = await this.waitFor(rpc("/shop/best_offer/form"));
    }

    start() {
        if (this.form) {
            const { body } = new DOMParser().parseFromString(this.form, "text/html");
            const place = this.el.querySelector("td") || this.el;
            this.insert(body.firstElementChild, place, "afterbegin");
        }
    }
}

registry
    .category("public.interactions")
    .add("loyalty_coupon_crm.best_offer", BestOffer);
