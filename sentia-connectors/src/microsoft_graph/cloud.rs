//! Microsoft's clouds: where tokens come from and where Graph answers. A token of one is refused by the others.

use serde::Deserialize;

/// The cloud that a tenant lives in.
///
/// ```
/// use sentia_connectors::microsoft_graph::Cloud;
///
/// assert_eq!(Cloud::default().graph(), "https://graph.microsoft.com");
/// assert_eq!(Cloud::UsGovernment.login(), "https://login.microsoftonline.us");
/// assert_eq!("us_government".parse(), Ok(Cloud::UsGovernment));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cloud {
    /// The worldwide service; GCC uses it too.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGovernment,
    /// US Government L5 (DoD).
    UsGovernmentDod,
    /// China, operated by 21Vianet. It has no workbook API. Newer pages of Microsoft name another login host
    /// (`login.partner.microsoftonline.cn`): set it with `identity_url` where tokens are refused.
    China,
}

impl Cloud {
    /// Where tokens come from.
    pub fn login(self) -> &'static str {
        match self {
            Cloud::Global => "https://login.microsoftonline.com",
            Cloud::UsGovernment | Cloud::UsGovernmentDod => "https://login.microsoftonline.us",
            Cloud::China => "https://login.chinacloudapi.cn",
        }
    }

    /// Where Graph answers; tokens are asked for it by this name.
    pub fn graph(self) -> &'static str {
        match self {
            Cloud::Global => "https://graph.microsoft.com",
            Cloud::UsGovernment => "https://graph.microsoft.us",
            Cloud::UsGovernmentDod => "https://dod-graph.microsoft.us",
            Cloud::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}

impl std::str::FromStr for Cloud {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name.trim() {
            "global" => Ok(Cloud::Global),
            "us_government" => Ok(Cloud::UsGovernment),
            "us_government_dod" => Ok(Cloud::UsGovernmentDod),
            "china" => Ok(Cloud::China),
            _ => Err("must be global, us_government, us_government_dod or china".to_owned()),
        }
    }
}
