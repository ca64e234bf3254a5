//! What the configuration names: sites, drives and mailboxes, by id or by the name people know.

use super::client::segment;

/// The path of a site: `root`, `contoso.sharepoint.com:/sites/ops`, or an id (`host,guid,guid`).
pub(super) fn site(reference: &str) -> String {
    match reference.split_once(":/") {
        Some((host, path)) => {
            let path: Vec<_> =
                path.trim_matches('/').split('/').filter(|part| !part.is_empty()).map(segment).collect();
            format!("/sites/{}:/{}", segment(host), path.join("/"))
        }
        None => format!("/sites/{}", segment(reference)),
    }
}

/// The path of a user: `me`, an id or a user principal name.
pub(super) fn user(reference: &str) -> String {
    match reference {
        "me" => "/me".to_owned(),
        _ => format!("/users/{}", segment(reference)),
    }
}

/// The path of a drive: its id, or `users/anna@contoso.com` or `me` for somebody's OneDrive.
pub(super) fn drive(reference: &str) -> String {
    match reference.strip_prefix("users/") {
        Some(name) => format!("{}/drive", user(name)),
        None if reference == "me" => "/me/drive".to_owned(),
        None => format!("/drives/{}", segment(reference)),
    }
}

/// A file's place in its drive as a path: each folder a segment of its own.
pub(super) fn file(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(segment).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_paths() {
        assert_eq!(site("root"), "/sites/root");
        assert_eq!(
            site("contoso.sharepoint.com:/sites/Ops & Co"),
            "/sites/contoso.sharepoint.com:/sites/Ops%20%26%20Co"
        );
        assert_eq!(site("contoso.sharepoint.com,1,2"), "/sites/contoso.sharepoint.com,1,2");
        assert_eq!(user("anna_x#EXT#@contoso.com"), "/users/anna_x%23EXT%23@contoso.com");
        assert_eq!((drive("users/a@b").as_str(), drive("me").as_str()), ("/users/a@b/drive", "/me/drive"));
        assert_eq!(drive("b!x-1"), "/drives/b!x-1");
        assert_eq!(file("/Plan/2026 Q1.xlsx"), "Plan/2026%20Q1.xlsx");
    }
}
