/* global atob, TextEncoder */

/**
 * Signed vouchers, checked by the till itself. `tools/vouchers.py` of the server writes
 * them and says what stands where.
 */
const VOUCHER = /^(.+)\.V1\.(\d+)\.(\d+)\.(\d+)\.(\d+)\.(\d+)\.(\d+)\.([A-Z2-7]{103})$/;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/**
 * Read what a voucher says, without believing it.
 *
 * @param {string} text as scanned or typed
 * @returns {Object|null} null for what is no signed voucher
 */
export function readVoucher(text) {
    const trimmed = (text || "").trim();
    const found = trimmed.match(VOUCHER);
    if (!found) {
        return null;
    }
    const [, code, key, card, program, points, day, partner, signature] = found;
    return {
        code,
        key,
        cardId: Number(card),
        programId: Number(program),
        points: Number(points) / 100,
        lastDay:
            day === "0" ? false : day.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3"),
        partnerId: Number(partner) || false,
        signed: trimmed.slice(0, trimmed.lastIndexOf(".")),
        signature,
    };
}

/**
 * Return the code of a card, from the text of its QR code.
 */
export function bareCode(text) {
    return readVoucher(text)?.code ?? text;
}

/**
 * Say what is wrong with a voucher.
 *
 * @param {Object} voucher as of `readVoucher`
 * @param {Object} keys of `pos.config`: key id to `key` and `until`
 * @param {string} today as `2026-12-31`
 * @param {SubtleCrypto} [subtle] of the browser; it has none on pages that are not secure
 * @returns {Promise<false|"no_crypto"|"unknown_key"|"forged"|"expired">}
 */
export async function voucherProblem(
    voucher,
    keys,
    today,
    subtle = globalThis.crypto?.subtle
) {
    if (!subtle) {
        return "no_crypto";
    }
    const known = keys?.[voucher.key];
    if (!known || (known.until && known.until < today)) {
        return "unknown_key";
    }
    const point = Uint8Array.from(atob(known.key), (letter) => letter.charCodeAt(0));
    const key = await subtle.importKey("raw", point, ALGORITHM, false, ["verify"]);
    const isGenuine = await subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        key,
        fromBase32(voucher.signature),
        new TextEncoder().encode(voucher.signed)
    );
    if (!isGenuine) {
        return "forged";
    }
    return voucher.lastDay && voucher.lastDay < today ? "expired" : false;
}

function fromBase32(text) {
    const bytes = [];
    let bits = 0;
    let value = 0;
    for (const letter of text) {
        value = (value << 5) | BASE32.indexOf(letter);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes.push((value >> bits) & 255);
            value &= (1 << bits) - 1;
        }
    }
    return new Uint8Array(bytes);
}
