//! Every setting there is, with its default and what it means: read from `deploy/config.reference.yaml`, which tests
//! hold to what the code does, and, of what the file does not say, from tables.

mod tables;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::model::masked_map;
use super::node::{Entry, Node, Value};
use super::problem::Place;
use super::vocabulary;
use tables::{CHOICES, KINDS, LIVE, VARIABLES};

const REFERENCE: &str = include_str!("../../../deploy/config.reference.yaml");

/// The sections whose settings are listed.
pub const SECTIONS: [&str; 4] = ["general_settings", "litellm_settings", "router_settings", "tollgate_settings"];

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// A mapping.
    Map,
}

/// One setting of config.yaml.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Where it is, such as `router_settings.num_retries`.
    pub path: String,
    /// What it means. Settings that belong together are described together.
    pub description: String,
    /// What holds where nobody says otherwise; null: see the description.
    pub default: Json,
    /// What kind of value it takes.
    pub kind: SettingKind,
    /// The values it takes, where they are few.
    pub choices: &'static [&'static str],
    /// It may change while the gateway runs.
    pub is_live: bool,
    /// The environment variable that is read where it is not set.
    pub variable: Option<&'static str>,
}

impl Setting {
    /// The section it is in.
    #[must_use]
    pub fn section(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// Its name within the section.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.split_once('.').map_or(self.path.as_str(), |(_, name)| name)
    }
}

static SETTINGS: LazyLock<BTreeMap<String, Setting>> = LazyLock::new(|| {
    let all = read(REFERENCE).into_iter();
    all.map(|setting| (setting.path.clone(), setting)).collect()
});

static ORDER: LazyLock<Vec<String>> =
    LazyLock::new(|| read(REFERENCE).into_iter().map(|setting| setting.path).collect());

/// Every setting, in the order of the reference.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    ORDER.iter().filter_map(|path| SETTINGS.get(path))
}

/// The setting at a path.
#[must_use]
pub fn setting(path: &str) -> Option<&'static Setting> {
    SETTINGS.get(path)
}

/// The settings below a path, such as all of `litellm_settings.cache_params`.
pub fn settings_below(path: &str) -> impl Iterator<Item = &'static Setting> {
    let beginning = format!("{path}.");
    settings().filter(move |setting| setting.path.starts_with(&beginning))
}

/// The setting whose path is most like this one, if one is alike enough to be meant.
#[must_use]
pub fn nearest_setting(path: &str) -> Option<&'static str> {
    vocabulary::nearest(path, ORDER.iter().map(String::as_str))
}

/// A line of the reference that names a setting.
struct Line<'a> {
    indent: usize,
    name: &'a str,
    value: &'a str,
    description: String,
}

/// The settings of the four sections.
fn read(reference: &str) -> Vec<Setting> {
    let lines = setting_lines(reference);
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        path.retain(|(indent, _)| *indent < line.indent);
        path.push((line.indent, line.name));
        let is_group = lines.get(at + 1).is_some_and(|next| next.indent > line.indent) && line.value.is_empty();
        let is_listed = path.first().is_some_and(|(_, section)| SECTIONS.contains(section)) && path.len() > 1;
        if is_listed && !is_group {
            let names: Vec<&str> = path.iter().map(|(_, name)| *name).collect();
            found.push(Setting::new(names.join("."), line));
        }
    }
    found
}

/// A setting is commented out by a "#" right before its name; a comment has a space after it.
fn setting_lines(reference: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (mut comment, mut is_commenting) = (Vec::new(), false);
    for line in reference.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(words) = text.strip_prefix("# ") {
            if !is_commenting {
                comment.clear();
            }
            is_commenting = true;
            comment.push(words);
            continue;
        }
        is_commenting = false;
        let named = text.strip_prefix('#').unwrap_or(text).split_once(':');
        let Some((name, value)) = named.filter(|(name, _)| is_name(name)) else { continue };
        lines.push(Line { indent, name, value: value.trim(), description: comment.join(" ") });
    }
    lines
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Setting {
    fn new(path: String, line: &Line<'_>) -> Self {
        let default = Node::parse(line.value, "config.reference.yaml").map_or(Json::Null, |node| node.to_json());
        let kind = match &default {
            Json::Bool(_) => SettingKind::Boolean,
            Json::Number(_) => SettingKind::Number,
            Json::Array(_) => SettingKind::List,
            Json::Object(_) => SettingKind::Map,
            Json::String(_) | Json::Null => {
                KINDS.into_iter().find(|(known, _)| *known == path).map_or(SettingKind::Text, |(_, kind)| kind)
            }
        };
        let is = |known: &str| known == path || known.ends_with('.') && path.starts_with(known);
        Self {
            description: line.description.clone(),
            default,
            kind,
            choices: CHOICES.into_iter().find(|(known, _)| *known == path).map_or(&[], |(_, choices)| choices),
            is_live: LIVE.into_iter().any(is),
            variable: VARIABLES.into_iter().find(|(known, _)| *known == path).map(|(_, variable)| variable),
            path,
        }
    }
}

/// Where a setting's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is written in a file.
    File(Place),
    /// A file names this environment variable.
    Environment(String),
    /// The database.
    Database,
}

/// A setting that is set.
#[derive(Clone, Debug, PartialEq)]
pub struct SetValue {
    /// Its value, with secrets masked.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
    /// Another one for another value, secrets included.
    fingerprint: u64,
}

impl SetValue {
    /// Whether both have the same value, wherever they come from.
    #[must_use]
    pub const fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

/// Settings that the database keeps, by path. They go before the file's.
pub type StoredSettings = BTreeMap<String, Json>;

/// Where settings of the database say they are written.
pub(super) const DATABASE: &str = "the database";

/// Puts settings of the database in the place of the file's.
pub(super) fn lay_over(root: &mut Node, stored: &StoredSettings) {
    let place = Place::whole(DATABASE);
    for (path, value) in stored {
        let names: Vec<&str> = path.split('.').collect();
        set(root, &names, Node::of_json(value, &place), &place);
    }
}

/// What is no map on the way there becomes one.
fn set(node: &mut Node, path: &[&str], value: Node, place: &Place) {
    let Some((name, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else { return };
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *name) {
        set(&mut entry.node, rest, value, place);
    } else {
        let mut node = Node { at: place.clone(), value: Value::Null };
        set(&mut node, rest, value, place);
        entries.push(Entry { key: (*name).to_owned(), at: place.clone(), node });
    }
}

/// The settings that are set, each with where it comes from: below `root`, and else in the environment.
pub(super) fn set_values(root: &Node, env: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, SetValue> {
    let value = |setting: &Setting| {
        let (value, origin) = written(root, setting).or_else(|| in_environment(setting, env))?;
        Some((setting.path.clone(), SetValue::new(setting, value, origin)))
    };
    settings().filter_map(value).collect()
}

fn written(root: &Node, setting: &Setting) -> Option<(Json, Origin)> {
    let node = setting.path.split('.').try_fold(root, |node, name| match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node),
        _ => None,
    })?;
    let origin = match &node.value {
        Value::Null | Value::Missing(_) => return None,
        Value::FromEnv { name, .. } => Origin::Environment(name.clone()),
        _ if &*node.at.file == DATABASE => Origin::Database,
        _ => Origin::File(node.at.clone()),
    };
    Some((node.to_json(), origin))
}

fn in_environment(setting: &Setting, env: &dyn Fn(&str) -> Option<String>) -> Option<(Json, Origin)> {
    let variable = setting.variable?;
    let value = env(variable).filter(|value| !value.is_empty())?;
    Some((Json::String(value), Origin::Environment(variable.to_owned())))
}

impl SetValue {
    fn new(setting: &Setting, value: Json, origin: Origin) -> Self {
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        let name = setting.path.rsplit('.').next().unwrap_or_default();
        let shown = masked_map(&Map::from_iter([(name.to_owned(), value)]));
        let value = shown.into_iter().next().map(|(_, value)| value).unwrap_or_default();
        Self { value, origin, fingerprint: hasher.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_reference_is_known() {
        let retries = setting("router_settings.num_retries").unwrap();
        assert_eq!((retries.section(), retries.name()), ("router_settings", "num_retries"));
        assert_eq!((&retries.default, retries.kind, retries.is_live), (&Json::Null, SettingKind::Number, true));
        assert!(retries.description.starts_with("Tries after the first."), "{}", retries.description);
        let ttl = setting("litellm_settings.cache_params.ttl").unwrap();
        assert_eq!((ttl.name(), ttl.default.as_u64()), ("cache_params.ttl", Some(600)));
        assert_eq!(setting("litellm_settings.cache_params"), None);
        assert_eq!(setting("model_list"), None);
        assert!(settings_below("litellm_settings.cache_params").count() > 10);
        assert!(settings().count() > 90, "{}", settings().count());
        assert!(settings().all(|one| !one.description.is_empty()));
        assert_eq!(nearest_setting("router_settings.num_retires"), Some("router_settings.num_retries"));
    }

    #[test]
    fn what_is_told_of_settings_is_told_of_those_there_are() {
        let is_known = |path: &str| match path.strip_suffix('.') {
            Some(group) => settings_below(group).next().is_some(),
            None => setting(path).is_some(),
        };
        let kinds = KINDS.map(|(path, _)| path);
        let choices = CHOICES.map(|(path, _)| path);
        let variables = VARIABLES.map(|(path, _)| path);
        let all = LIVE.into_iter().chain(kinds).chain(choices).chain(variables);
        let unknown: Vec<&str> = all.filter(|path| !is_known(path)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn what_only_the_environment_sets_is_set_by_it() {
        let env = |name: &str| match name {
            "LITELLM_MASTER_KEY" => Some("sk-of-the-environment".to_owned()),
            "DATABASE_URL" => Some("postgres://u:hush@h/d".to_owned()),
            "REDIS_HOST" => Some(String::new()),
            _ => None,
        };
        let set = |yaml: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), yaml).unwrap();
            crate::config::Config::load(Some(file.path()), env).values
        };
        let values = set("model_list: []\n");
        let master = values.get("general_settings.master_key").unwrap();
        assert_eq!(master.origin, Origin::Environment("LITELLM_MASTER_KEY".to_owned()));
        assert_eq!(master.value, Json::from("****"));
        let database = values.get("general_settings.database_url").unwrap();
        assert!(!database.value.to_string().contains("hush"), "{}", database.value);
        assert_eq!(values.get("router_settings.redis_host"), None);
        let values = set("general_settings: {master_key: sk-of-the-file}\n");
        assert!(matches!(values.get("general_settings.master_key").unwrap().origin, Origin::File(_)));
    }

    #[test]
    fn settings_of_the_database_go_before_those_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "router_settings: {num_retries: 1, max_fallbacks: 2}\nmodel_list: []\n").unwrap();
        let stored = StoredSettings::from([
            ("router_settings.num_retries".to_owned(), Json::from(3)),
            ("litellm_settings.cache_params.ttl".to_owned(), Json::from(60)),
            ("litellm_settings.timezone".to_owned(), Json::from("os.environ/HOME")),
        ]);
        let loaded = crate::config::Config::load_with(Some(file.path()), |_| Some("UTC".to_owned()), &stored);
        assert_eq!(loaded.config.router.num_retries, Some(3));
        assert_eq!(loaded.config.router.max_fallbacks, 2);
        assert_eq!(loaded.config.litellm.cache.ttl.as_secs(), 60);
        assert_eq!(loaded.values.get("router_settings.num_retries").unwrap().origin, Origin::Database);
        assert!(matches!(loaded.values.get("router_settings.max_fallbacks").unwrap().origin, Origin::File(_)));
        // The environment is not read for the database, so this is no time zone.
        let problem = loaded.problems.iter().find(|problem| problem.is_error()).unwrap();
        assert_eq!(problem.path, "litellm_settings.timezone");
        assert!(problem.to_string().starts_with("the database: error: "), "{problem}");
    }
}
