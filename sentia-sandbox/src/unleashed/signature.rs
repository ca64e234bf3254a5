//! Unleashed's signatures: HMAC-SHA256 with the key as text, in base64.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Signs `message`: the raw query string of a request, without `?`; or timestamp, full stop and body of a webhook.
///
/// The key looks like base64 and is not decoded.
///
/// ```
/// // Vector U3 of the sheet.
/// let key = "sentia-test-key-0123456789abcdefghijklmnopqrstuvwxyz==";
/// let signature = sentia_sandbox::unleashed_signature(key, b"customerCode=ACME");
/// assert_eq!(signature, "sPZLp+EMttXTQ0gKNct2y8MFxMUNxrviA8ezQsejpK8=");
/// ```
pub fn unleashed_signature(key: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, message).as_ref())
}
