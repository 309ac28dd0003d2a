import re
from html import unescape

import lxml.html
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import TEXT_URL_REGEX, URL_SKIP_PROTOCOL_REGEX, is_html_empty

from odoo.addons.link_tracker.tools.html import find_links_with_urls_and_labels


class MailingMailing(models.Model):
    """The messages of a campaign as Odoo counts them: opened, clicked, bounced.

    The campaign writes them; to Odoo's own sender the mailing is done and for nobody.
    """

    _inherit = "mailing.mailing"

    loyalty_campaign_id = fields.Many2one(
        "loyalty.campaign",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    loyalty_variant_id = fields.Many2one(
        "loyalty.campaign.variant",
        string="Loyalty Arm",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_campaign(self):
        if ours := self.filtered("loyalty_campaign_id"):
            raise UserError(
                self.env._(
                    "The mailing %(name)s counts the messages of the campaign "
                    "%(campaign)s: archive it instead.",
                    name=ours[0].display_name,
                    # Who may delete mailings need not see campaigns; the name is told.
                    campaign=ours[0].sudo().loyalty_campaign_id.name,
                )
            )

    def action_retry_failed(self):
        """Let campaigns write their own messages once more.

        :raise AccessError: when the user may not change the campaign
        """
        ours = self.filtered("loyalty_campaign_id")
        if ours:
            ours.loyalty_campaign_id.action_retry_messages()
        if others := self - ours:
            return super(MailingMailing, others).action_retry_failed()
        return None

    @api.model
    def _fixed_links(self, template, field):
        """Return the addresses that stand in a template as they are.

        Only these become short links: those can be guessed, and an address that was
        made for one customer may open their coupon.

        :param template: `mail.template` or `sms.template` record
        :param field: name of the field with the text
        :return: set of absolute addresses, of all languages
        """
        base = template.get_base_url()
        found = set()
        for lang, _name in self.env["res.lang"].get_installed():
            text = template.with_context(lang=lang)[field]
            if not text:
                continue
            if template._fields[field].type == "html":
                found.update(lxml.html.fromstring(text).xpath("//a/@href"))
            else:
                found.update(map(unescape, re.findall(TEXT_URL_REGEX, text)))
        return {base + link if link.startswith("/") else link for link in found}

    def _short_links(self, links, known):
        """Add short addresses, by which clicks are counted.

        :param links: iterable of (address, label)
        :param known: dict of those to their short addresses, to which is added
        """
        new = [link for link in dict.fromkeys(links) if link not in known]
        trackers = self.env["link.tracker"].search_or_create(
            [
                {
                    **self._get_link_tracker_values(),
                    "url": url,
                    "label": label,
                    # Without a title Odoo would ask the page for it, seconds long.
                    "title": url,
                }
                for url, label in new
            ]
        )
        known.update(zip(new, trackers.mapped("short_url"), strict=True))

    def _shorten_html(self, html, fixed, known):
        """Return HTML with short addresses for some of its links.

        :param fixed: addresses to shorten, as of `_fixed_links`
        :param known: as of `_short_links`
        """
        if is_html_empty(html) or not fixed:
            return html
        base = self.get_base_url()
        root = lxml.html.fromstring(html)
        nodes, links = find_links_with_urls_and_labels(
            root,
            base,
            skip_regex=rf"^{URL_SKIP_PROTOCOL_REGEX}",
            skip_prefix=f"{base}/r/",
        )
        chosen = [
            (node, (link["url"], link["label"]))
            for node, link in zip(nodes, links, strict=True)
            if link["url"] in fixed
        ]
        if not chosen:
            return html
        self._short_links((link for _node, link in chosen), known)
        for node, link in chosen:
            node.set("href", known[link])
        # Nothing but addresses was changed in what Odoo had rendered.
        return Markup(lxml.html.tostring(root, encoding="unicode", method="xml"))

    def _shorten_text(self, text, fixed, known):
        """Return a text message with short addresses for some of its links.

        :param fixed: addresses to shorten, as of `_fixed_links`
        :param known: as of `_short_links`
        """

        def short(match):
            link = (match[0], False)
            if match[0] not in fixed:
                return match[0]
            self._short_links([link], known)
            return known[link]

        return re.sub(TEXT_URL_REGEX, short, text or "")
