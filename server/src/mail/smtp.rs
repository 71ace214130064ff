//! The server that letters are handed to.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::Letter;
use crate::config::Secret;

/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// How long sending a letter may take as a whole.
const LETTER_TIMEOUT: Duration = Duration::from_secs(60);
/// Where servers take letters of users, and start encryption when told to.
const PORT_SUBMISSION: u16 = 587;
/// Where they encrypt from the start.
const PORT_SUBMISSIONS: u16 = 465;

/// What the environment says of the server, in LiteLLM's names.
#[derive(Clone, Debug, Default)]
pub struct SmtpVariables {
    /// `SMTP_HOST`; absent: no letters are sent.
    pub host: Option<String>,
    /// `SMTP_PORT`; 587 by default. At 465 encryption begins with the connection.
    pub port: Option<String>,
    /// `SMTP_USERNAME`; absent: no sign-in.
    pub username: Option<String>,
    /// `SMTP_PASSWORD`.
    pub password: Option<Secret>,
    /// `SMTP_SENDER_EMAIL`: whom letters come from.
    pub sender_email: Option<String>,
    /// `SMTP_TLS`; `False`: letters go unencrypted.
    pub tls: Option<String>,
}

impl SmtpVariables {
    /// Reads them through `text`.
    #[must_use]
    pub fn read(text: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            host: text("SMTP_HOST"),
            port: text("SMTP_PORT"),
            username: text("SMTP_USERNAME"),
            password: text("SMTP_PASSWORD").map(Secret::new),
            sender_email: text("SMTP_SENDER_EMAIL"),
            tls: text("SMTP_TLS"),
        }
    }
}

/// Why letters cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A variable does not say what it should.
    #[error("{name}: expected {expected}")]
    Variable {
        /// Which.
        name: &'static str,
        /// What it should say.
        expected: &'static str,
    },
    /// Encryption cannot be set up.
    #[error("cannot set up encryption of e-mail: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// A letter was not taken.
#[derive(Debug)]
pub(super) struct Failure {
    /// Another try may do better.
    pub(super) may_pass: bool,
    pub(super) text: String,
}

/// A server and whom its letters come from.
#[derive(Clone, Debug)]
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Smtp {
    /// The server that the variables name, if they name one.
    pub(super) fn new(variables: &SmtpVariables) -> Result<Option<Self>, MailError> {
        let wrong = |name, expected| MailError::Variable { name, expected };
        let Some(host) = &variables.host else { return Ok(None) };
        let port = match variables.port.as_deref().map(str::parse) {
            None => PORT_SUBMISSION,
            Some(Ok(port)) if port > 0 => port,
            Some(_) => return Err(wrong("SMTP_PORT", "a port from 1 to 65535")),
        };
        let sender = variables.sender_email.as_deref().and_then(|text| text.parse().ok());
        let sender = sender.ok_or(wrong("SMTP_SENDER_EMAIL", "an e-mail address, since SMTP_HOST is set"))?;
        let is_encrypted = match variables.tls.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("true" | "1" | "yes") => true,
            Some("false" | "0" | "no") => false,
            Some(_) => return Err(wrong("SMTP_TLS", "True or False")),
        };
        let tls = match (is_encrypted, port) {
            (false, _) => Tls::None,
            (true, PORT_SUBMISSIONS) => Tls::Wrapper(TlsParameters::new(host.clone())?),
            (true, _) => Tls::Required(TlsParameters::new(host.clone())?),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.clone());
        let mut builder = builder.port(port).tls(tls).timeout(Some(COMMAND_TIMEOUT));
        if let Some(username) = &variables.username {
            let password = variables.password.as_ref().map(|password| password.expose().to_owned());
            builder = builder.credentials(Credentials::new(username.clone(), password.unwrap_or_default()));
        }
        Ok(Some(Self { transport: builder.build(), sender }))
    }

    /// Hands a letter to the server.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let message = self.message(letter).map_err(|text| Failure { may_pass: false, text })?;
        match tokio::time::timeout(LETTER_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure { may_pass: !error.is_permanent(), text: error.to_string() }),
            Err(_) => Err(Failure { may_pass: true, text: format!("no answer in {} s", LETTER_TIMEOUT.as_secs()) }),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let to: Address = letter.to.parse().map_err(|error| format!("{}: {error}", letter.to))?;
        let id = format!("<{}@{}>", uuid::Uuid::new_v4(), self.sender.email.domain());
        let builder = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            .message_id(Some(id));
        let words = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
        let body = match &letter.attachment {
            None => words,
            Some(file) => {
                let media_type = ContentType::parse(file.media_type).map_err(|error| error.to_string())?;
                let file = Attachment::new(file.name.clone()).body(file.bytes.to_vec(), media_type);
                MultiPart::mixed().multipart(words).singlepart(file)
            }
        };
        builder.multipart(body).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pairs: &[(&str, &str)]) -> Option<String> {
        let text = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        Smtp::new(&SmtpVariables::read(text)).err().map(|error| error.to_string())
    }

    #[test]
    fn variables_that_do_not_fit_are_named() {
        let (host, sender) = (("SMTP_HOST", "mail.test"), ("SMTP_SENDER_EMAIL", "Tollgate <t@mail.test>"));
        assert_eq!(refusal(&[("SMTP_PORT", "x")]), None, "without a host nothing is read");
        assert_eq!(refusal(&[host, sender, ("SMTP_TLS", "False"), ("SMTP_PORT", "25")]), None);
        assert!(refusal(&[host]).unwrap().starts_with("SMTP_SENDER_EMAIL: expected"));
        assert!(refusal(&[host, sender, ("SMTP_PORT", "0")]).unwrap().starts_with("SMTP_PORT: expected"));
        assert!(refusal(&[host, sender, ("SMTP_TLS", "maybe")]).unwrap().starts_with("SMTP_TLS: expected"));
    }
}
