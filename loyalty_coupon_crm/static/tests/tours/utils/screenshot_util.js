/**
 * Let the test write a picture of the page, see `tests/screenshots.py`. A tour that is
 * run by hand has nobody to write it and goes on.
 *
 * @param {string} name small letters, digits and hyphens; the file is `name`.png
 */
export function takeScreenshot(name) {
    return [
        {
            content: `Take the picture ${name}`,
            trigger: "body",
            async run() {
                if (!window.loyaltyTakeScreenshot) {
                    return;
                }
                await settled();
                await new Promise((resolve) => {
                    window.loyaltyScreenshotTaken = resolve;
                    window.loyaltyTakeScreenshot(name);
                });
            },
        },
    ];
}

/** Wait until nothing moves that comes to an end, such as a window that opens. */
async function settled() {
    await document.fonts.ready;
    const moving = document
        .getAnimations()
        .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime));
    await Promise.allSettled(moving.map(({ finished }) => finished));
}
