//! HMAC-SHA256 in base64, as Shopify, Unleashed and Xero sign what they push, and Unleashed what it is asked.
//!
//! A key may look like base64 and is used as text. A signature is worth as much as the key for its one message: it travels
//! as a secret.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

fn key(key: &SecretString) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, key.expose_secret().as_bytes())
}

/// The signature of `message` by `secret`.
#[cfg(any(test, feature = "unleashed"))]
pub(crate) fn sign(secret: &SecretString, message: &[u8]) -> SecretString {
    BASE64_STANDARD.encode(hmac::sign(&key(secret), message)).into()
}

/// Whether `signature` is that of `message` by `secret`, compared in constant time.
pub(crate) fn verifies(secret: &SecretString, message: &[u8], signature: &str) -> bool {
    let signature = BASE64_STANDARD.decode(signature.trim()).unwrap_or_default();
    hmac::verify(&key(secret), message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sentia-test-key-0123456789abcdefghijklmnopqrstuvwxyz==";

    fn signed(query: &str) -> String {
        sign(&KEY.into(), query.as_bytes()).expose_secret().to_owned()
    }

    #[test]
    fn known_answers() {
        for (query, signature) in [
            ("", "UAcU8Ff1n2xzCRmvdWYkmAY4Fj4TVLZYbLFz6xRIeaw="),
            ("pageSize=200", "7vbSEdrAWNv8y2tni7SU+LWd3zJ9rXJnJj24I1yiXgs="),
            ("customerCode=ACME", "sPZLp+EMttXTQ0gKNct2y8MFxMUNxrviA8ezQsejpK8="),
            (
                "modifiedSince=2026-03-01T00:00:00.000&pageSize=500",
                "0zvoPLAAQBxvslVy3CbtK1YZ1pweOrbsJFwbJGbjDqg=",
            ),
            (
                "pageSize=500&modifiedSince=2026-03-01T00:00:00.000",
                "wxl5DfG3KYAIp00GWxsjxTs/Fpp9wXZ9BBbINn/vARA=",
            ),
            (
                "modifiedSince=2026-03-01T00%3A00%3A00.000&pageSize=500",
                "lzUiB+C6urMtEdd7QCldvW++NyC12bgrSK5qUtrs6NQ=",
            ),
            ("customerName=Caf%C3%A9%20Ltd", "5XR122hg09RD4wNEQWn1S6qZDzJtBTDJnrsT6SY92/Q="),
            ("orderStatus=Completed,Backordered", "8POmKWJDJQOLb2q7509DOo1FvYT5VvZNxyr8e2zYgYk="),
        ] {
            assert_eq!(signed(query), signature, "{query}");
        }
        // With the question mark it is another signature, which the vendor refuses.
        assert_eq!(signed("?pageSize=200"), "D56sKxv7bjCiEeQaHJdGtBdOvOdRH2sHcIre1Unx9ns=");
        assert_ne!(signed("?pageSize=200"), signed("pageSize=200"));
    }

    #[test]
    fn what_is_no_base64_verifies_nothing() {
        for signature in ["", "ä", "====", "7vbSEdrAWNv8y2tni7SU+LWd3zJ9rXJnJj24I1yiXg"] {
            assert!(!verifies(&KEY.into(), b"pageSize=200", signature), "{signature}");
        }
    }

    proptest! {
        #[test]
        fn a_signature_verifies_its_own_message_alone(message: Vec<u8>, other: Vec<u8>) {
            let signature = sign(&KEY.into(), &message);
            prop_assert!(verifies(&KEY.into(), &message, signature.expose_secret()));
            prop_assert_eq!(verifies(&KEY.into(), &other, signature.expose_secret()), message == other);
        }
    }
}
