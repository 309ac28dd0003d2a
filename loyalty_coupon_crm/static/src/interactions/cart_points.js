import { Interaction } from "@web/public/interaction";
import { formatFloat } from "@web/core/utils/numbers";
import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

/**
 * Lets a customer choose in the cart how many points to spend, with what they are worth.
 *
 * The shop's rewards are Odoo's own view of an add-on that need not be installed: so this
 * adds to the page what it finds there, and works whichever of both came first.
 */
export class CartPoints extends Interaction {
    static selector = ".oe_website_sale_gift_card";

    async willStart() {
        this.choices = await this.waitFor(rpc("/shop/points/choices"));
    }

    start() {
        for (const choice of this.choices) {
            const form = this.getForm(choice);
            const el = parseHtml(choice.html);
            if (choice.applied) {
                form?.classList.add("d-none");
                this.insert(el, this.el.querySelector("td") || this.el);
            } else if (form) {
                this.insert(el, form.querySelector(".flex-grow-1") || form);
                this.sendChosenOnly(el, form);
            } else {
                continue;
            }
            this.showWorth(el, choice);
        }
    }

    /**
     * Return Odoo's form that claims a reward with a card.
     */
    getForm({ reward_id: rewardId, code }) {
        const forms = this.el.querySelectorAll("form[name='claim_reward']");
        return [...forms].find(
            (form) =>
                form.elements.reward_id?.value === String(rewardId) &&
                form.elements.code?.value === code
        );
    }

    /**
     * Send no number that the customer did not change: what is to pay may be another by
     * now, with a delivery chosen on the same page, and all of it is meant.
     */
    sendChosenOnly(el, form) {
        const input = el.querySelector("input[name='loyalty_points']");
        this.addListener(form, "submit", () => {
            input.disabled = input.value === input.defaultValue;
        });
    }

    showWorth(el, choice) {
        const input = el.querySelector("input[name='loyalty_points']");
        const worth = el.querySelector(".o_loyalty_points_worth");
        const update = () => {
            worth.textContent = input.checkValidity()
                ? formatWorth(parseFloat(input.value), choice)
                : "";
        };
        this.addListener(input, "input", update);
        update();
    }
}

function formatWorth(points, { rate, limit, currency }) {
    const amount = formatFloat(Math.min(points * rate, limit), {
        digits: [69, currency.digits],
    });
    return currency.before
        ? `${currency.symbol}\u00A0${amount}`
        : `${amount}\u00A0${currency.symbol}`;
}

function parseHtml(html) {
    return new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
}

registry
    .category("public.interactions")
    .add("loyalty_coupon_crm.cart_points", CartPoints);
