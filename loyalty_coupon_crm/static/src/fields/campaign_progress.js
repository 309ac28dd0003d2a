import { onMounted, onWillUnmount } from "@odoo/owl";
import { registry } from "@web/core/registry";
import {
    ProgressBarField,
    progressBarField,
} from "@web/views/fields/progress_bar/progress_bar_field";

const REFRESH_MS = 3000;

/** A progress bar that reads its record again while the campaign is running. */
export class CampaignProgressField extends ProgressBarField {
    setup() {
        super.setup();
        onMounted(() => {
            this.timer = setInterval(() => this.refresh(), REFRESH_MS);
        });
        onWillUnmount(() => clearInterval(this.timer));
    }

    async refresh() {
        const { record } = this.props;
        if (record.data.state === "running" && !(await record.isDirty())) {
            await record.load();
        }
    }
}

export const campaignProgressField = {
    ...progressBarField,
    component: CampaignProgressField,
    fieldDependencies: [{ name: "state", type: "selection" }],
};

registry.category("fields").add("campaign_progress", campaignProgressField);
