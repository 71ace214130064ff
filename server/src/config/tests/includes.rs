//! Files that include files.

use std::fs;

use super::*;

fn load_files(files: &[(&str, &str)]) -> (Config, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let loaded = Config::load(Some(&folder.path().join("config.yaml")), |_| None);
    let prefix = format!("{}/", folder.path().display());
    let lines = loaded.problems.iter().map(|p| p.to_string().replace(&prefix, ""));
    (loaded.config, lines.collect())
}

const MODEL: &str = "model_list: [{model_name: NAME, litellm_params: {model: x, mock_response: y}}]\n";

#[test]
fn lists_grow_and_maps_are_joined() {
    let (config, problems) = load_files(&[
        ("config.yaml", &format!("include: [parts/a.yaml, b.yaml]\n{}", MODEL.replace("NAME", "main"))),
        ("parts/a.yaml", &format!("include: [c.yaml]\n{}", MODEL.replace("NAME", "a"))),
        ("parts/c.yaml", &MODEL.replace("NAME", "c")),
        ("b.yaml", "general_settings: {master_key: sk-b}\n"),
    ]);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(config.group_names(), ["main", "a", "c"]);
    assert_eq!(config.general.master_key.unwrap().expose(), "sk-b");
}

#[test]
fn a_setting_given_twice_is_the_including_files() {
    let (config, problems) = load_files(&[
        ("config.yaml", "include: b.yaml\ngeneral_settings: {master_key: sk-a}\n"),
        ("b.yaml", "general_settings: {master_key: sk-b, salt_key: s}\n"),
    ]);
    assert_eq!(
        problems,
        [
            "b.yaml:1:20: warning: general_settings.master_key: this setting is also set at config.yaml:2:32, which is used"
        ]
    );
    assert_eq!(config.general.master_key.unwrap().expose(), "sk-a");
    assert_eq!(config.general.salt_key.unwrap().expose(), "s");
}

#[test]
fn what_cannot_be_included_is_an_error() {
    let (_, problems) = load_files(&[
        ("config.yaml", "include: [config.yaml, nowhere.yaml, bad.yaml, list.yaml]\n"),
        ("bad.yaml", "a: [}"),
        ("list.yaml", "[a]"),
    ]);
    assert_eq!(problems.len(), 4, "{problems:#?}");
    assert!(problems[0].starts_with("bad.yaml:1:"));
    assert!(problems[1].contains("include[0]: \"config.yaml\" includes itself"));
    assert!(problems[2].contains("include[1]: there is no file \"nowhere.yaml\""));
    assert!(problems[3].starts_with("list.yaml:1:1: error: expected a mapping"));
}

#[test]
fn problems_of_an_included_file_are_placed_there() {
    let (_, problems) = load_files(&[
        ("config.yaml", &format!("include: [b.yaml]\n{}", MODEL.replace("NAME", "main"))),
        ("b.yaml", "\nmodel_list: [{model_name: x, litellm_params: {model: x, mock_response: y, rpm: no}}]"),
    ]);
    assert!(problems[0].starts_with("b.yaml:2:"), "{problems:?}");
    assert!(problems[0].contains("model_list[1].litellm_params.rpm"), "{problems:?}");
}
