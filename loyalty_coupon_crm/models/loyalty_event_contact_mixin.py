from odoo import api, models
from odoo.tools import SQL

# Of the contact's chatter, what was exchanged with the person: no notes, no logs.
TALK_TYPES = ("email", "email_outgoing", "sms")


class LoyaltyEventContactMixin(models.AbstractModel):
    """What a contact wrote, was written and looked at outside campaigns.

    Mails, text messages and comments of the contact's own page, by their subject alone:
    what they say is for who may open that page. Pages of the website are those that
    were looked at by somebody who was signed in.
    """

    _name = "loyalty.event.contact.mixin"
    _description = "Contact in the Customer Timeline"

    @api.model
    def _contact_parts(self):
        """Return the tables of the timeline that tell of contacts, as of `_parts`."""
        return [
            self._talk_part(),
            *([self._visit_part()] if "website.track" in self.env else []),
        ]

    @api.model
    def _talk_part(self):
        source = SQL(
            "%s AND row.model = 'res.partner' AND (row.message_type IN %s"
            " OR row.message_type = 'comment' AND row.is_internal IS NOT TRUE"
            " AND row.subtype_id = %s)"
            # The campaign tells of what it wrote itself.
            " AND NOT EXISTS (SELECT FROM mail_mail mail"
            " WHERE mail.mail_message_id = row.id AND mail.mailing_id IS NOT NULL)",
            self._of_contact("mail_message", "res_id"),
            TALK_TYPES,
            self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment"),
        )
        return source, {
            "partner_id": SQL("contact.id"),
            "customer_id": SQL("contact.commercial_partner_id"),
            "company_id": SQL("contact.company_id"),
            "date": SQL("row.date"),
            "kind": SQL(
                "CASE WHEN row.author_id = contact.id THEN 'answer' ELSE 'message' END"
            ),
            "note": SQL("row.subject"),
            "source_model": SQL("'res.partner'"),
            "source_id": SQL("contact.id"),
        }

    @api.model
    def _visit_part(self):
        source = SQL(
            "website_track row"
            " JOIN website_visitor visitor ON visitor.id = row.visitor_id"
            " JOIN res_partner contact ON contact.id = visitor.partner_id"
            " LEFT JOIN website site ON site.id = visitor.website_id"
        )
        return source, {
            "partner_id": SQL("contact.id"),
            "customer_id": SQL("contact.commercial_partner_id"),
            "company_id": SQL("site.company_id"),
            "date": SQL("row.visit_datetime"),
            "kind": SQL("'visit'"),
            "channel": SQL("'website'"),
            "note": SQL("row.url"),
            "source_model": SQL("'website.visitor'"),
            "source_id": SQL("visitor.id"),
        }
