const CALENDAR_FIELDS = ["hour", "weekday"];

/**
 * Complete the points of a chart by hour or weekday, so that no hour or weekday is missing
 * on the axis and all are in their order.
 *
 * @param {Object[]} points data points of the graph model
 * @param {Object[]} groupBy at most two groupings of the graph model
 * @param {Object} fields descriptions of the fields
 * @returns {Object[]} the points, with empty ones where nothing happened
 */
export function completeCalendar(points, groupBy, fields) {
    const isCalendar = ({ fieldName }) => CALENDAR_FIELDS.includes(fieldName);
    if (!points.length || groupBy.length > 2 || !groupBy.some(isCalendar)) {
        return points;
    }
    const axes = groupBy.map((spec, index) => {
        const present = [...new Set(points.map((point) => point.labels[index]))];
        if (!isCalendar(spec)) {
            return present;
        }
        const all = fields[spec.fieldName].selection.map(([, label]) => label);
        return index ? all.filter((label) => present.includes(label)) : all;
    });
    const found = new Map(points.map((point) => [JSON.stringify(point.labels), point]));
    const combinations = axes.reduce(
        (paths, labels) =>
            paths.flatMap((path) => labels.map((label) => [...path, label])),
        [[]]
    );
    return combinations.map(
        (labels) =>
            found.get(JSON.stringify(labels)) || {
                count: 0,
                cumulatedStart: 0,
                domain: [[0, "=", 1]],
                identifier: JSON.stringify(labels),
                labels,
                value: 0,
            }
    );
}
