"""Arithmetic on the lines of a purchase."""


def line_differences(recorded, wanted, round_amount):
    """Return the lines that bring what was recorded to what is wanted.

    Cost follows quantity: what is taken back costs what it was recorded at, what is
    added costs what it costs now, so that a new cost price does not rewrite history.

    :param recorded: dicts with `product_id`, `categ_id`, `quantity`, `amount`, `cost`
    :param wanted: dicts of the same form
    :param round_amount: function that rounds an amount to the currency
    :return: list of dicts of the same form, none for a product that did not change
    """
    before = _sum_by_product(recorded)
    after = _sum_by_product(wanted)
    lines = []
    for product_id in {**before, **after}:
        old = before.get(product_id, {"quantity": 0.0, "amount": 0.0, "cost": 0.0})
        new = after.get(
            product_id, {**old, "quantity": 0.0, "amount": 0.0, "cost": 0.0}
        )
        quantity = round(new["quantity"] - old["quantity"], 6)
        amount = round_amount(new["amount"] - old["amount"])
        if not quantity and not amount:
            continue
        basis = new if quantity > 0 or not old["quantity"] else old
        unit_cost = basis["cost"] / basis["quantity"] if basis["quantity"] else 0.0
        lines.append(
            {
                "product_id": product_id,
                "categ_id": new["categ_id"],
                "quantity": quantity,
                "amount": amount,
                "cost": round_amount(unit_cost * quantity),
            }
        )
    return lines


def _sum_by_product(lines):
    """Return {product id: line} with one summed line per product."""
    sums = {}
    for line in lines:
        total = sums.setdefault(
            line["product_id"],
            {"categ_id": line["categ_id"], "quantity": 0.0, "amount": 0.0, "cost": 0.0},
        )
        for name in ("quantity", "amount", "cost"):
            total[name] += line[name] or 0.0
    return sums
