//! What a token opens.

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// The seller's data.
    Seller,
    /// Operations that concern no seller.
    Grantless,
    /// Some paths, with personal data: method and path.
    Restricted(Vec<(String, String)>),
}

impl Grant {
    /// Whether the token is good for a request.
    pub(crate) fn opens(&self, method: &str, path: &str) -> bool {
        match self {
            Self::Seller => true,
            Self::Grantless => false,
            Self::Restricted(resources) => {
                resources.iter().any(|(allowed, pattern)| allowed == method && covers(pattern, path))
            }
        }
    }
}

/// Whether a path is the one of a pattern that may hold `{orderId}` and the like.
fn covers(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    let same = |(wanted, found): (&&str, &&str)| wanted == found || wanted.starts_with('{');
    pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
}
