//! The registry of schemas against its golden table, and each fingerprint against what it is taken of.

use std::collections::BTreeMap;

use omega_slicer::ErrorCode;
use omega_slicer::io::schema::{SCHEMAS, Schema, schema};
use sha2::{Digest, Sha256};

/// The rows of `tests/vectors/schemas.tsv`, by schema and version: `field type nullable` in order, and fingerprints.
fn golden() -> BTreeMap<(String, String), Vec<[String; 5]>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/schemas.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("schema\tversion\tposition\tfield\ttype\tnullable\tfingerprint"));
    let mut found: BTreeMap<_, Vec<[String; 5]>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [schema, version, rest @ ..] = cells.as_slice() else { panic!("{line}") };
        found.entry((schema.clone(), version.clone())).or_default().push(rest.to_vec().try_into().unwrap());
    }
    found
}

/// The JSON text of the contract, made here from the table alone.
fn json(rows: &[[String; 5]]) -> String {
    let field = |[_, name, kind, nullable, _]: &[String; 5]| {
        format!("{{\"name\": \"{name}\", \"nullable\": {nullable}, \"type\": \"{kind}\"}}")
    };
    format!("[{}]", rows.iter().map(field).collect::<Vec<_>>().join(", "))
}

#[test]
fn the_registry_is_the_golden_table() {
    let golden = golden();
    assert_eq!(golden.len(), SCHEMAS.len());
    for ((name, version), rows) in golden {
        let found = schema(&name, &version).unwrap();
        let fields: Vec<[String; 5]> = found
            .fields
            .iter()
            .enumerate()
            .map(|(i, field)| {
                [
                    i.to_string(),
                    field.name.to_owned(),
                    field.kind.to_owned(),
                    field.nullable.to_string(),
                    found.fingerprint.to_owned(),
                ]
            })
            .collect();
        assert_eq!(fields, rows, "{name} {version}");
        let hash: String = Sha256::digest(json(&rows)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found.fingerprint, hash, "{name} {version}: a registered version never changes");
        assert_eq!(found.fields_json(), json(&rows));
    }
}

#[test]
fn an_unknown_schema_is_refused_with_the_list_of_those_there_are() {
    for (name, version) in [("symbol_slice", "1.0.1"), ("candles", "1.0.0"), ("", ""), ("SYMBOL_SLICE", "1.0.0")] {
        let error = schema(name, version).unwrap_err();
        assert_eq!(error.code(), ErrorCode::SchemaViolation);
        assert!(error.to_string().contains("symbol_slice 1.0.0, ohlcv 1.0.0"), "{error}");
    }
}

#[test]
fn the_json_of_a_schema_holds_all_there_is_to_know() {
    let Schema { name, version, fingerprint, .. } = SCHEMAS[0];
    let text = SCHEMAS[0].json();
    let head = format!(r#"{{"name": "{name}", "version": "{version}", "fingerprint": "{fingerprint}", "fields": [{{"#);
    assert!(text.starts_with(&head), "{text}");
    assert!(text.ends_with(r#"{"name": "volume", "nullable": true, "type": "float64"}]}"#), "{text}");
}
