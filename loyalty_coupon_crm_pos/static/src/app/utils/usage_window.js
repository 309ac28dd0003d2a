const { DateTime } = luxon;

const DAY_MINUTES = 24 * 60;

/**
 * Return this moment on the wall clock of the company.
 *
 * @param {string} [zone] name of the company's time zone; the browser's without it
 */
export function companyNow(zone) {
    return DateTime.now().setZone(zone || "local");
}

/**
 * Return whether today is from the first to the last day of a program, both included.
 *
 * @param {{date_from: DateTime, date_to: DateTime}} program either may be missing
 * @param {string} zone name of the company's time zone
 */
export function isWithinDays({ date_from: from, date_to: to }, zone) {
    const today = companyNow(zone).toISODate();
    return (!from || from.toISODate() <= today) && (!to || today <= to.toISODate());
}

/**
 * Return whether an offer may be used at a moment, as the gate decides it
 * (`tools/usage_window.py`).
 *
 * @param {{open: Array, closed: Array}} plan `open`: weekly windows of weekday (0 is
 *     Monday, null every day), first hour and the hour that is excluded, none for all
 *     week; `closed`: first and last days
 * @param {DateTime} moment on the wall clock of the company
 */
export function isOpen({ open, closed }, moment) {
    const day = moment.toISODate();
    if (closed.some(([first, last]) => first <= day && day <= last)) {
        return false;
    }
    return !open.length || open.some((window) => contains(window, moment));
}

function contains([weekday, from, to], moment) {
    const start = Math.round(from * 60);
    let end = Math.round(to * 60);
    // An end before the start lies on the next day.
    end += end > start ? 0 : DAY_MINUTES;
    const today = moment.weekday - 1;
    const begins = (day) => weekday === null || weekday === day;
    const minutes = moment.hour * 60 + moment.minute;
    return (
        (begins(today) && start <= minutes && minutes < end) ||
        (begins((today + 6) % 7) && minutes + DAY_MINUTES < end)
    );
}
