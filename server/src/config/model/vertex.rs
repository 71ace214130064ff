//! What a Vertex AI deployment has besides its model: project, location, and Google's credentials.

use std::path::{Path, PathBuf};

use super::super::environment::Environment;
use super::super::reader::{Item, Section};
use super::super::secret::Secret;
use super::DeploymentConfig;

/// Where Google's tools keep the credentials of whoever signed in last, below the home folder.
const WELL_KNOWN: &str = ".config/gcloud/application_default_credentials.json";
/// The same below `CLOUDSDK_CONFIG`.
const WELL_KNOWN_FILE: &str = "application_default_credentials.json";
/// What tells a machine in Google's cloud who it is.
const METADATA_HOST: &str = "metadata.google.internal";
/// Where models are called if nobody says: LiteLLM's default.
const LOCATION: &str = "us-central1";
/// Locations that have a host of their own form, as several regions together.
const MULTI_REGIONS: [&str; 2] = ["us", "eu"];

/// Whose calls they are, and where they go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VertexConfig {
    /// The project that is billed. Default: the one the credentials belong to.
    pub project: Option<String>,
    /// The region, or `global`.
    pub location: Option<String>,
    /// What proves it.
    pub credentials: Option<GoogleCredentials>,
}

/// Where Google's credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoogleCredentials {
    /// The JSON of a key, as Google gives it out.
    Json(Secret),
    /// A file with it.
    File(PathBuf),
    /// The machine the gateway runs on: the host to ask.
    Metadata(String),
}

pub(super) fn read(section: &mut Section<'_>) -> VertexConfig {
    let [project, location, credentials] = [
        ["vertex_project", "vertex_ai_project"],
        ["vertex_location", "vertex_ai_location"],
        ["vertex_credentials", "vertex_ai_credentials"],
    ]
    .map(|[name, older]| {
        let older = section.get(older);
        section.get(name).or(older)
    });
    VertexConfig {
        project: project.and_then(|item| item.text()).filter(|text| !text.is_empty()),
        location: location.and_then(|item| read_location(&item)),
        credentials: credentials.and_then(|item| read_credentials(&item)),
    }
}

/// A location is part of a host's name.
fn read_location(item: &Item<'_>) -> Option<String> {
    let text = item.text().filter(|text| !text.is_empty())?;
    if is_location(&text) {
        return Some(text);
    }
    item.error("expected a region such as \"us-central1\", or \"global\"");
    None
}

fn is_location(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A path, the JSON itself, or the same written as YAML.
fn read_credentials(item: &Item<'_>) -> Option<GoogleCredentials> {
    let json = item.node.to_json();
    if json.is_object() {
        return Some(GoogleCredentials::Json(Secret::new(json.to_string())));
    }
    item.text().filter(|text| !text.is_empty()).map(written)
}

fn written(text: String) -> GoogleCredentials {
    if text.trim_start().starts_with('{') {
        GoogleCredentials::Json(Secret::new(text))
    } else {
        GoogleCredentials::File(PathBuf::from(text))
    }
}

/// Completes project, location and credentials from the environment, and the address from the location.
pub(super) fn settle(deployment: &mut DeploymentConfig, environment: &Environment<'_>) {
    let first = |names: &[&str]| names.iter().find_map(|name| environment.get(name));
    let is_newest = deployment.provider_model.starts_with("gemini-3");
    let vertex = &mut deployment.vertex;
    vertex.project =
        vertex.project.take().or_else(|| first(&["VERTEXAI_PROJECT", "VERTEX_PROJECT", "GOOGLE_CLOUD_PROJECT"]));
    let location = vertex.location.take();
    let location = location.or_else(|| first(&["VERTEXAI_LOCATION", "VERTEX_LOCATION", "GOOGLE_CLOUD_LOCATION"]));
    // The newest models are served nowhere else.
    let default = if is_newest { "global" } else { LOCATION };
    let location = location.filter(|text| is_location(text)).unwrap_or_else(|| default.to_owned());
    vertex.credentials = vertex.credentials.take().or_else(|| application_default(environment));
    deployment.api_base = deployment.api_base.take().or_else(|| Some(address(&location)));
    vertex.location = Some(location);
}

fn address(location: &str) -> String {
    match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        _ if MULTI_REGIONS.contains(&location) => format!("https://aiplatform.{location}.rep.googleapis.com"),
        _ => format!("https://{location}-aiplatform.googleapis.com"),
    }
}

/// Application Default Credentials: what Google's own libraries would take, after LiteLLM's variable.
fn application_default(environment: &Environment<'_>) -> Option<GoogleCredentials> {
    let named = ["VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"];
    if let Some(text) = named.iter().find_map(|name| environment.get(name)) {
        return Some(written(text));
    }
    let own = environment.get("CLOUDSDK_CONFIG").map(|folder| Path::new(&folder).join(WELL_KNOWN_FILE));
    let well_known = own.or_else(|| Some(Path::new(&environment.get("HOME")?).join(WELL_KNOWN)));
    if let Some(file) = well_known.filter(|file| file.is_file()) {
        return Some(GoogleCredentials::File(file));
    }
    let host = environment.get("GCE_METADATA_HOST").unwrap_or_else(|| METADATA_HOST.to_owned());
    Some(GoogleCredentials::Metadata(host))
}
