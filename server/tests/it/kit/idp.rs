//! A provider of single sign-on of the tests' own: OpenID Connect as far as its clients see it, told by the test who
//! signs in.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT_ID: &str = "tollgate";
pub(crate) const CLIENT_SECRET: &str = "hush-hush-client-secret";

/// What is wrong with what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flaw {
    #[default]
    None,
    /// It answers nothing but 500.
    Down,
    /// Its discovery document is another's.
    OtherIssuer,
    /// Its tokens are another's.
    TokenOfOtherIssuer,
    /// They are for another client.
    OtherAudience,
    /// They carry another nonce.
    OtherNonce,
    /// They have expired.
    Expired,
    /// They are signed by a key that nobody knows, under the name of one that is known.
    BadSignature,
    /// They are not signed at all.
    Unsigned,
    /// Its userinfo is about somebody else.
    OtherSubject,
}

struct Issued {
    challenge: String,
    nonce: String,
    redirect_uri: String,
    claims: Value,
    now: DateTime<Utc>,
}

struct State {
    base: String,
    key: EcdsaKeyPair,
    kid: String,
    flaw: Flaw,
    codes: HashMap<String, Issued>,
    userinfo: Value,
    key_reads: usize,
}

pub(crate) struct FakeIdp {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

impl FakeIdp {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            base: String::new(),
            key: new_key(),
            kid: "one".to_owned(),
            flaw: Flaw::None,
            codes: HashMap::new(),
            userinfo: json!({}),
            key_reads: 0,
        }));
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(serve)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let issuer = format!("http://{}", server.addrs()[0]);
        state.lock().base.clone_from(&issuer);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { issuer, state, server: handle }
    }

    pub(crate) fn set_flaw(&self, flaw: Flaw) {
        self.state.lock().flaw = flaw;
    }

    /// It signs with another key from now on.
    pub(crate) fn change_key(&self, kid: &str) {
        let mut state = self.state.lock();
        state.key = new_key();
        kid.clone_into(&mut state.kid);
    }

    /// How often its keys were read.
    pub(crate) fn key_reads(&self) -> usize {
        self.state.lock().key_reads
    }

    /// What `/userinfo` tells.
    pub(crate) fn set_userinfo(&self, claims: Value) {
        self.state.lock().userinfo = claims;
    }

    /// Somebody of whom these claims are true signs in where `address` led them: where they are sent back to.
    pub(crate) fn sign_in(&self, address: &str, claims: Value, now: DateTime<Utc>) -> String {
        let address = Url::parse(address).unwrap();
        let query: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(address.path(), "/authorize");
        assert_eq!((query["client_id"].as_str(), query["response_type"].as_str()), (CLIENT_ID, "code"));
        assert_eq!(query["code_challenge_method"], "S256");
        let mut state = self.state.lock();
        let code = format!("code-{}", state.codes.len());
        let issued = Issued {
            challenge: query["code_challenge"].clone(),
            nonce: query["nonce"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
            claims,
            now,
        };
        state.codes.insert(code.clone(), issued);
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        back.into()
    }
}

impl Drop for FakeIdp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn serve(request: HttpRequest, body: web::Bytes, state: web::Data<Mutex<State>>) -> HttpResponse {
    let mut state = state.lock();
    if state.flaw == Flaw::Down {
        return HttpResponse::InternalServerError().body("down");
    }
    let base = state.base.clone();
    match request.path() {
        "/.well-known/openid-configuration" => {
            let issuer = if state.flaw == Flaw::OtherIssuer { "https://evil.test".to_owned() } else { base.clone() };
            HttpResponse::Ok().json(json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"),
                "userinfo_endpoint": format!("{base}/userinfo"),
                "jwks_uri": format!("{base}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }))
        }
        "/keys" => {
            state.key_reads += 1;
            let point = state.key.public_key().as_ref();
            let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
            let key =
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": state.kid, "x": x, "y": y});
            HttpResponse::Ok().json(json!({"keys": [key]}))
        }
        "/token" => token(&request, &body, &mut state),
        "/userinfo" => {
            let mut claims = state.userinfo.clone();
            if state.flaw == Flaw::OtherSubject {
                claims["sub"] = json!("somebody-else");
            }
            HttpResponse::Ok().json(claims)
        }
        _ => HttpResponse::NotFound().finish(),
    }
}

fn token(request: &HttpRequest, body: &[u8], state: &mut State) -> HttpResponse {
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if given != Some(expected.as_str()) {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    }
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let Some(issued) = state.codes.remove(&form["code"]) else {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!(challenge, issued.challenge, "the verifier belongs to the challenge");
    assert_eq!(form["redirect_uri"], issued.redirect_uri);
    let id_token = sign(state, &issued);
    HttpResponse::Ok().json(json!({
        "access_token": "at", "token_type": "Bearer", "expires_in": 3600, "id_token": id_token,
    }))
}

fn sign(state: &State, issued: &Issued) -> String {
    let flaw = state.flaw;
    let mut claims = issued.claims.clone();
    let age = if flaw == Flaw::Expired { TimeDelta::hours(-2) } else { TimeDelta::hours(1) };
    let set = |claims: &mut Value, name: &str, value: Value| {
        claims[name] = value;
    };
    let issuer = if flaw == Flaw::TokenOfOtherIssuer { "https://evil.test" } else { &state.base };
    set(&mut claims, "iss", json!(issuer));
    set(&mut claims, "aud", json!(if flaw == Flaw::OtherAudience { "another" } else { CLIENT_ID }));
    set(&mut claims, "nonce", json!(if flaw == Flaw::OtherNonce { "another" } else { &issued.nonce }));
    set(&mut claims, "iat", json!((issued.now - TimeDelta::hours(3)).timestamp()));
    set(&mut claims, "exp", json!((issued.now + age).timestamp()));
    let alg = if flaw == Flaw::Unsigned { "none" } else { "ES256" };
    let head = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": state.kid}).to_string());
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    if flaw == Flaw::Unsigned {
        return format!("{signed}.");
    }
    let other = new_key();
    let key = if flaw == Flaw::BadSignature { &other } else { &state.key };
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}
