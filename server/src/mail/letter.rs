//! A letter as text and as HTML.

use bytes::Bytes;

/// A letter to one address.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// For readers that show no HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// A file that goes with it.
    pub attachment: Option<Attachment>,
}

/// A file that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// It.
    pub bytes: Bytes,
}

impl std::fmt::Debug for Letter {
    /// Without what it says: links in it open accounts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("to", &self.to).field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Letter {
    /// A letter of paragraphs in plain words and, after the first, a link with what it does.
    #[must_use]
    pub fn new(to: &str, subject: &str, paragraphs: &[&str], link: Option<(&str, &str)>) -> Self {
        Self::with_table(to, subject, paragraphs, &[], link)
    }

    /// The same, with a table of names and values after the first paragraph.
    #[must_use]
    pub fn with_table(
        to: &str,
        subject: &str,
        paragraphs: &[&str],
        table: &[(&str, &str)],
        link: Option<(&str, &str)>,
    ) -> Self {
        let (first, rest) = paragraphs.split_first().map_or(("", paragraphs), |(first, rest)| (*first, rest));
        let mut text = format!("{first}\n\n");
        let mut html = format!("<p style=\"white-space:pre-line\">{}</p>", escape(first));
        let rows = table.iter().map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<tr><th style=\"text-align:left;padding:2px 16px 2px 0\">{name}</th><td>{value}</td></tr>")
        });
        if !table.is_empty() {
            text.extend(table.iter().map(|(name, value)| format!("{name}: {value}\n")));
            text.push('\n');
            html.push_str(&format!("<table>{}</table>", rows.collect::<String>()));
        }
        if let Some((words, url)) = link {
            text.push_str(&format!("{url}\n\n"));
            let (words, url) = (escape(words), escape(url));
            html.push_str(&format!(
                "<p><a href=\"{url}\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;\
                 background:#1f5fd0;color:#ffffff;text-decoration:none\">{words}</a></p>\
                 <p style=\"color:#5b6472;font-size:13px\">If the button does not work, open this address:<br>{url}</p>"
            ));
        }
        for paragraph in rest {
            text.push_str(&format!("{paragraph}\n\n"));
            html.push_str(&format!("<p>{}</p>", escape(paragraph)));
        }
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
             <body style=\"font:15px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:34em;margin:24px auto;padding:0 16px\">\
             {html}</body></html>",
            escape(subject)
        );
        let (to, subject, text) = (to.to_owned(), subject.to_owned(), text.trim_end().to_owned() + "\n");
        Self { to, subject, text, html, attachment: None }
    }

    /// The same with a file.
    #[must_use]
    pub fn with_attachment(self, attachment: Attachment) -> Self {
        Self { attachment: Some(attachment), ..self }
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_names_are_no_html() {
        let letter = Letter::new(
            "a@example.com",
            "Hello <Ada>",
            &["<b>Eve</b> invites you.", "It is \"open\" for a week."],
            Some(("Come in", "https://t.test/ui/invitation#a&b")),
        );
        assert_eq!(
            letter.text,
            "<b>Eve</b> invites you.\n\nhttps://t.test/ui/invitation#a&b\n\nIt is \"open\" for a week.\n"
        );
        assert!(letter.html.contains("&lt;b&gt;Eve&lt;/b&gt; invites you."), "{}", letter.html);
        assert!(letter.html.contains("href=\"https://t.test/ui/invitation#a&amp;b\""), "{}", letter.html);
        assert!(letter.html.contains("<title>Hello &lt;Ada&gt;</title>"), "{}", letter.html);
        assert!(!format!("{letter:?}").contains("invitation#"));
    }
}
