//! What a provider can be asked to do.

use std::fmt;

/// One of the things that models are for; each has a route of OpenAI's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To go on with a conversation.
    Chat,
    /// To go on with a text.
    Completion,
    /// To say where a text stands among others, in numbers.
    Embedding,
    /// To make pictures.
    Image,
    /// To change pictures.
    ImageEdit,
    /// To read a text aloud.
    Speech,
    /// To write down what is said.
    Transcription,
    /// To write down in English what is said.
    Translation,
    /// To judge whether a text may be published.
    Moderation,
    /// To order documents by how well they answer a query.
    Rerank,
}

impl Operation {
    /// Those that are neither conversations nor texts to go on with.
    pub const TASKS: [Self; 8] = [
        Self::Embedding,
        Self::Image,
        Self::ImageEdit,
        Self::Speech,
        Self::Transcription,
        Self::Translation,
        Self::Moderation,
        Self::Rerank,
    ];

    /// The model that is meant where a call names none. Source: OpenAI's API reference, which has a default for moderation
    /// only.
    #[must_use]
    pub const fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Moderation => Some("omni-moderation-latest"),
            _ => None,
        }
    }

    /// Its path below the address of an API like OpenAI's. Reranking, which OpenAI does not offer, is where Cohere, Jina
    /// and vLLM have it.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completion => "/completions",
            Self::Embedding => "/embeddings",
            Self::Image => "/images/generations",
            Self::ImageEdit => "/images/edits",
            Self::Speech => "/audio/speech",
            Self::Transcription => "/audio/transcriptions",
            Self::Translation => "/audio/translations",
            Self::Moderation => "/moderations",
            Self::Rerank => "/rerank",
        }
    }

    /// LiteLLM's name of such a call in the log.
    #[must_use]
    pub const fn call_type(self) -> &'static str {
        match self {
            Self::Chat => "acompletion",
            Self::Completion => "atext_completion",
            Self::Embedding => "aembedding",
            Self::Image => "aimage_generation",
            Self::ImageEdit => "aimage_edit",
            Self::Speech => "aspeech",
            Self::Transcription | Self::Translation => "atranscription",
            Self::Moderation => "amoderation",
            Self::Rerank => "arerank",
        }
    }

    /// What models of this `mode` are for, where that is no conversation.
    #[must_use]
    pub fn of_mode(mode: &str) -> Option<Self> {
        match mode {
            "embedding" => Some(Self::Embedding),
            "image_generation" | "image_edit" => Some(Self::Image),
            "audio_speech" => Some(Self::Speech),
            "audio_transcription" => Some(Self::Transcription),
            "moderation" => Some(Self::Moderation),
            "rerank" => Some(Self::Rerank),
            _ => None,
        }
    }

    /// Whether models of this `mode`, as the catalog has it, do it. Of modes that say nothing here, all do.
    #[must_use]
    pub fn suits(self, mode: &str) -> bool {
        match mode {
            "chat" | "responses" => matches!(self, Self::Chat | Self::Completion),
            "completion" => self == Self::Completion,
            "embedding" => self == Self::Embedding,
            "moderation" => self == Self::Moderation,
            "rerank" => self == Self::Rerank,
            // Gemini's models of these kinds are spoken to as others are.
            "image_generation" | "image_edit" => matches!(self, Self::Image | Self::ImageEdit | Self::Chat),
            "audio_speech" => matches!(self, Self::Speech | Self::Chat),
            "audio_transcription" => matches!(self, Self::Transcription | Self::Translation | Self::Chat),
            _ => true,
        }
    }
}

impl fmt::Display for Operation {
    /// In words, as in "it cannot do embeddings".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chat => "chat completions",
            Self::Completion => "text completions",
            Self::Embedding => "embeddings",
            Self::Image => "image generation",
            Self::ImageEdit => "image edits",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
            Self::Translation => "audio translation",
            Self::Moderation => "moderation",
            Self::Rerank => "reranking",
        })
    }
}
