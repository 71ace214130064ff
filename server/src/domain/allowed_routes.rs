//! Which routes a key may call: `allowed_routes` and `key_type`, as LiteLLM has them.

/// Kinds of keys.
pub const KEY_TYPES: [&str; 4] = ["default", "llm_api", "management", "read_only"];

/// What a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// Calls of models.
    Llm,
    /// What a key may read of itself.
    Info,
}

/// The routes of a key that may not call all that keys may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedRoutes(Box<[String]>);

impl AllowedRoutes {
    /// Those of a key with these `allowed_routes` and this `key_type`; `None`: all. What is listed counts before the kind.
    #[must_use]
    pub fn of_key(allowed_routes: Vec<String>, key_type: Option<&str>) -> Option<Self> {
        if !allowed_routes.is_empty() {
            return Some(Self(allowed_routes.into()));
        }
        let group = match key_type {
            Some("llm_api") => "llm_api_routes",
            Some("management") => "management_routes",
            Some("read_only") => "info_routes",
            _ => return None,
        };
        Some(Self(Box::new([group.to_owned()])))
    }

    /// Whether `path`, which is of this kind, may be called.
    #[must_use]
    pub fn allows(&self, path: &str, kind: RouteKind) -> bool {
        let is_anthropics = path.starts_with("/v1/messages") || path.starts_with("/anthropic/");
        self.0.iter().any(|route| match (route.as_str(), kind) {
            ("llm_api_routes", RouteKind::Llm) | ("info_routes" | "management_routes", RouteKind::Info) => true,
            ("openai_routes", RouteKind::Llm) => !is_anthropics,
            ("anthropic_routes", RouteKind::Llm) => is_anthropics,
            (route, _) => match route.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == route,
            },
        })
    }

    /// The list, for a person.
    #[must_use]
    pub fn listed(&self) -> String {
        self.0.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[&str], key_type: Option<&str>) -> Option<AllowedRoutes> {
        AllowedRoutes::of_key(list.iter().map(ToString::to_string).collect(), key_type)
    }

    #[test]
    fn a_list_names_routes_groups_and_prefixes() {
        assert_eq!(routes(&[], None), None);
        assert_eq!(routes(&[], Some("default")), None);
        let chat = "/v1/chat/completions";
        for (list, path, kind, expected) in [
            (&["/v1/chat/completions"][..], chat, RouteKind::Llm, true),
            (&["/v1/chat/completions"], "/v1/embeddings", RouteKind::Llm, false),
            (&["/v1/*"], "/v1/embeddings", RouteKind::Llm, true),
            (&["llm_api_routes"], chat, RouteKind::Llm, true),
            (&["llm_api_routes"], "/key/info", RouteKind::Info, false),
            (&["anthropic_routes"], chat, RouteKind::Llm, false),
            (&["anthropic_routes"], "/v1/messages", RouteKind::Llm, true),
            (&["openai_routes"], "/v1/messages", RouteKind::Llm, false),
            (&["info_routes"], "/key/info", RouteKind::Info, true),
            (&["info_routes"], chat, RouteKind::Llm, false),
        ] {
            assert_eq!(routes(list, None).unwrap().allows(path, kind), expected, "{list:?} {path}");
        }
    }

    #[test]
    fn a_kind_stands_for_a_list() {
        assert!(!routes(&[], Some("management")).unwrap().allows("/v1/chat/completions", RouteKind::Llm));
        assert!(routes(&[], Some("llm_api")).unwrap().allows("/v1/chat/completions", RouteKind::Llm));
        assert!(routes(&["/v1/*"], Some("read_only")).unwrap().allows("/v1/models", RouteKind::Llm));
    }
}
