//! The client assertion: a JWT that proves possession of a certificate's private key, made anew for each request
//! [L:entra/identity-platform/certificate-credentials].

use std::fmt;

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sentia_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// How long an assertion is good. Entra wants 5 to 10 minutes.
const LIFETIME: chrono::Duration = chrono::Duration::minutes(8);

/// How a client assertion is signed and how it names its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assertion {
    /// `PS256` with the certificate's SHA-256 thumbprint in `x5t#S256`: what Entra recommends.
    #[default]
    Ps256,
    /// `RS256` with the SHA-1 thumbprint in `x5t`, as older documentation has it.
    Rs256,
}

/// A certificate's private key, ready to sign.
pub(super) struct Signer {
    key: KeyPair,
    /// The header, encoded: it is the same each time.
    header: String,
    assertion: Assertion,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.assertion)
    }
}

impl Signer {
    /// Reads an RSA key and its certificate, both PEM.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming what is wrong with which of them; never with a part of the key.
    pub(super) fn new(private_key: &SecretString, certificate: &str, assertion: Assertion) -> Result<Self> {
        let key = private(private_key)?;
        let der = pem(certificate, &["CERTIFICATE"])
            .map(|(_, der)| der)
            .map_err(|reason| invalid("certificate", format!("certificate {reason}")))?;
        // The certificate holds its public key as the same bytes; a mismatch would only show as AADSTS700027.
        let public = key.public_key().as_ref();
        if !der.windows(public.len()).any(|window| window == public) {
            let message = "certificate and private_key are not of one pair; set those that belong together";
            return Err(invalid("certificate", message));
        }
        let header = match assertion {
            Assertion::Ps256 => {
                json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&digest::SHA256, &der)})
            }
            Assertion::Rs256 => {
                json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der)})
            }
        };
        Ok(Signer { key, header: BASE64_URL_SAFE_NO_PAD.encode(header.to_string()), assertion })
    }

    /// An assertion by `client_id` for the token endpoint `audience`, good from `now` on, with an id of its own.
    pub(super) fn sign(&self, client_id: &str, audience: &str, now: DateTime<Utc>) -> Result<SecretString> {
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": now.timestamp(),
            "iat": now.timestamp(),
            "exp": (now + LIFETIME).timestamp(),
        });
        let signed = format!("{}.{}", self.header, BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
        let padding = match self.assertion {
            Assertion::Ps256 => &RSA_PSS_SHA256,
            Assertion::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::new(ErrorKind::Unexpected, "the private key does not sign"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

fn private(text: &SecretString) -> Result<KeyPair> {
    let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"];
    let (label, der) = pem(text.expose_secret(), &labels)
        .map_err(|reason| invalid("private_key", format!("private_key {reason}")))?;
    let der = SecretSlice::from(der);
    let key = match label {
        "RSA PRIVATE KEY" => KeyPair::from_der(der.expose_secret()),
        "PRIVATE KEY" => KeyPair::from_pkcs8(der.expose_secret()),
        _ => {
            let message = "private_key must be an RSA key without a passphrase; convert it";
            return Err(invalid("private_key", message));
        }
    };
    key.map_err(|_| invalid("private_key", "private_key is not an RSA key of 2048 bits or more; replace it"))
}

/// The first PEM block with one of `labels`.
fn pem<'l>(text: &str, labels: &[&'l str]) -> Result<(&'l str, Vec<u8>), &'static str> {
    // A value that travelled through an environment variable may have `\n` in two characters.
    let text = text.replace("\\n", "\n");
    for label in labels {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let Some((_, rest)) = text.split_once(&begin) else { continue };
        let Some((body, _)) = rest.split_once(&end) else {
            return Err("is cut off: its END line is missing");
        };
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        return match BASE64_STANDARD.decode(body) {
            Ok(der) => Ok((label, der)),
            Err(_) => Err("is not PEM: its body is not base64"),
        };
    }
    Err("is not PEM of the kind expected; set the text that begins with -----BEGIN")
}

fn thumbprint(algorithm: &'static digest::Algorithm, der: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(algorithm, der))
}

fn invalid(setting: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
        .context("connector", "microsoft_graph")
        .context("setting", setting)
}
