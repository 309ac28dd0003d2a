import { onMounted, onWillUnmount } from "@odoo/owl";
import { registry } from "@web/core/registry";
import {
    ProgressBarField,
    progressBarField,
} from "@web/views/fields/progress_bar/progress_bar_field";

const REFRESH_MS = 3000;
const AT_WORK = ["running", "queued"];

/** A progress bar that reads its record again while the server works on it. */
export class LiveProgressField extends ProgressBarField {
    setup() {
        super.setup();
        onMounted(() => {
            this.timer = setInterval(() => this.refresh(), REFRESH_MS);
        });
        onWillUnmount(() => clearInterval(this.timer));
    }

    async refresh() {
        const { record } = this.props;
        const { state, todo_count: left } = record.data;
        // A campaign that waits for events has nothing to do for days.
        if (AT_WORK.includes(state) && left !== 0 && !(await record.isDirty())) {
            await record.load();
        }
    }
}

export const liveProgressField = {
    ...progressBarField,
    component: LiveProgressField,
    fieldDependencies: [{ name: "state", type: "selection" }],
};

registry.category("fields").add("live_progress", liveProgressField);
