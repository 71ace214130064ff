//! Bodies as the document shows them: what is flattened in them is among their own fields, and the fields that are only
//! kept, a map to serde, have names.

use std::collections::BTreeMap;

use tollgate_openapi::stored::StoredKind;
use tollgate_openapi::{budget, customer, key, organization, tag, team, user};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};

/// Bodies with the fields that are only kept in them.
const BODIES: [(&str, &[(&str, StoredKind)]); 17] = [
    ("KeyRegenerate", key::STORED_FIELDS),
    ("KeyCreate", key::STORED_FIELDS),
    ("KeyPatch", key::STORED_FIELDS),
    ("BudgetCreate", budget::STORED_FIELDS),
    ("BudgetPatch", budget::STORED_FIELDS),
    ("TeamCreate", team::STORED_FIELDS),
    ("TeamPatch", team::STORED_FIELDS),
    ("TeamMemberAdd", team::MEMBER_STORED_FIELDS),
    ("TeamMemberPatch", team::MEMBER_STORED_FIELDS),
    ("UserCreate", user::STORED_FIELDS),
    ("UserPatch", user::STORED_FIELDS),
    ("CustomerCreate", customer::STORED_FIELDS),
    ("CustomerPatch", customer::STORED_FIELDS),
    ("OrganizationCreate", organization::STORED_FIELDS),
    ("OrganizationPatch", organization::STORED_FIELDS),
    ("TagCreate", tag::STORED_FIELDS),
    ("TagPatch", tag::STORED_FIELDS),
];

type Schemas = BTreeMap<String, RefOr<Schema>>;

pub(super) fn complete(schemas: &mut Schemas) {
    for (body, stored) in BODIES {
        if let Some(mut schema) = schemas.get(body).and_then(|schema| flat(schemas, schema)) {
            add_stored_fields(&mut schema, stored);
            schemas.insert(body.to_owned(), Schema::Object(schema).into());
        }
    }
}

/// One object of all the parts that an object is made of.
fn flat(schemas: &Schemas, schema: &RefOr<Schema>) -> Option<Object> {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.strip_prefix("#/components/schemas/")?;
            flat(schemas, schemas.get(name)?)
        }
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(Schema::AllOf(all)) => {
            let mut whole = Object::new();
            whole.description.clone_from(&all.description);
            whole.example.clone_from(&all.example);
            for part in all.items.iter().filter_map(|part| flat(schemas, part)) {
                whole.properties.extend(part.properties);
                whole.required.extend(part.required);
                whole.example = whole.example.or(part.example);
            }
            Some(whole)
        }
        RefOr::T(_) => None,
    }
}

fn add_stored_fields(schema: &mut Object, stored: &[(&str, StoredKind)]) {
    schema.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    for (name, kind) in stored {
        let description = Some("Kept and shown as it came");
        let or_null = |kind| SchemaType::from_iter([kind, Type::Null]);
        let simple = |kind| ObjectBuilder::new().schema_type(or_null(kind)).description(description).into();
        let field: Schema = match kind {
            StoredKind::Array => {
                let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
                let array = ArrayBuilder::new().items(anything).schema_type(or_null(Type::Array));
                array.description(description).into()
            }
            StoredKind::Count => simple(Type::Integer),
            StoredKind::Flag => simple(Type::Boolean),
            StoredKind::Object => simple(Type::Object),
            StoredKind::Text => simple(Type::String),
        };
        schema.properties.insert((*name).to_owned(), field.into());
    }
}
