//! Client assertions: the app's key pair and certificate, and the check of what was signed with it.

use std::collections::HashSet;

use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::Value;

/// The app's certificate credential.
#[derive(Clone, Debug)]
pub struct MicrosoftGraphCertificate {
    /// The private key as PEM (PKCS #8).
    pub private_key_pem: String,
    /// The certificate as PEM.
    pub certificate_pem: String,
    /// The certificate as DER.
    pub certificate_der: Vec<u8>,
    public_key: Vec<u8>,
}

impl MicrosoftGraphCertificate {
    /// A fresh RSA key pair of 2048 bits with a certificate signed by itself. The seed has no part in it.
    pub(crate) fn generate() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "sentia-sandbox");
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            private_key_pem: key.serialize_pem(),
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            public_key: key.der_bytes().to_vec(),
        })
    }

    /// What `x5t#S256` must say: SHA-256 over the DER certificate, base64url.
    pub fn sha256_thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.certificate_der))
    }

    /// What `x5t` must say: SHA-1 over the DER certificate, base64url.
    pub fn sha1_thumbprint(&self) -> String {
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.certificate_der);
        URL_SAFE_NO_PAD.encode(digest)
    }
}

/// Why an assertion was refused: the number and the words.
pub(crate) type Refusal = (u32, &'static str);

/// What an assertion has to say.
pub(crate) struct Expected<'e> {
    pub(crate) certificate: Option<&'e MicrosoftGraphCertificate>,
    pub(crate) audience: &'e str,
    pub(crate) client_id: &'e str,
    pub(crate) now: DateTime<Utc>,
}

/// Checks signature and claims; an id that was seen is refused.
pub(crate) fn verify(jwt: &str, expected: &Expected<'_>, seen: &mut HashSet<String>) -> Result<(), Refusal> {
    const MALFORMED: Refusal = (50_027, "JWT token is invalid or malformed.");
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(MALFORMED) };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
    let parse = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).map_err(|_| MALFORMED);
    let (head, body) = (parse(header)?, parse(claims)?);
    let unknown: Refusal = (
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    );
    let certificate = expected.certificate.ok_or(unknown)?;
    if head["typ"].as_str().is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(MALFORMED);
    }
    let algorithm: &dyn signature::VerificationAlgorithm = match head["alg"].as_str() {
        Some("PS256") if head["x5t#S256"] == certificate.sha256_thumbprint() => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        Some("RS256") if head["x5t"] == certificate.sha1_thumbprint() => {
            &signature::RSA_PKCS1_2048_8192_SHA256
        }
        _ => return Err(unknown),
    };
    let signed = jwt.rsplit_once('.').map_or("", |(signed, _)| signed);
    signature::UnparsedPublicKey::new(algorithm, &certificate.public_key)
        .verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| (700_027, "Client assertion failed signature validation."))?;
    claims_hold(&body, expected, seen)
}

fn claims_hold(body: &Value, expected: &Expected<'_>, seen: &mut HashSet<String>) -> Result<(), Refusal> {
    if body["aud"] != expected.audience {
        return Err((700_023, "Client assertion audience claim does not match Realm issuer."));
    }
    if body["iss"] != expected.client_id || body["sub"] != expected.client_id {
        let words = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err((700_021, words));
    }
    let moment = |claim: &str| body[claim].as_i64().and_then(|at| DateTime::from_timestamp(at, 0));
    const RANGE: Refusal = (700_024, "Client assertion is not within its valid time range.");
    let (not_before, expires) = (moment("nbf").ok_or(RANGE)?, moment("exp").ok_or(RANGE)?);
    // Five minutes of skew at the beginning, none at the end; nobody may sign for a day ahead.
    let early = not_before > expected.now + TimeDelta::minutes(5);
    if early || expires <= expected.now || expires - not_before > TimeDelta::hours(24) {
        return Err(RANGE);
    }
    let id = body["jti"].as_str().filter(|id| !id.is_empty());
    let id = id.ok_or((50_027, "JWT token is invalid or malformed: no jti."))?;
    if !seen.insert(id.to_owned()) {
        return Err((50_027, "JWT token is invalid: the jti was used before."));
    }
    Ok(())
}
