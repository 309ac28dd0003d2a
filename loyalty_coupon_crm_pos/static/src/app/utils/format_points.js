import { formatFloat } from "@web/core/utils/numbers";

/**
 * Return points as people read them: no zeros after the last digit that counts.
 */
export function formatPoints(points) {
    return formatFloat(points, { digits: [69, 2], trailingZeros: false });
}
