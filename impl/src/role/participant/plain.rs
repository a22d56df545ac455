//! The calls that a user has outside the conference, as his user agent dresses them and tells him of them.

use super::{Command, Event, Participant};
use crate::agent::Addr;
use crate::dialog::RouteSet;
use crate::error::CommandError;
use crate::role::calls::{Calls, Dress, Line, MAX_CALLS, News};
use crate::role::config::ParticipantConfig;
use crate::role::endpoint::ALLOW;
use crate::time::Time;
use crate::transaction::ClientKey;
use crate::wire::{Builder, Message, Name, OwnedUri};

impl Dress for ParticipantConfig {
    fn user(&self) -> &OwnedUri {
        &self.user
    }

    fn address(&self) -> Addr {
        self.address
    }

    fn contact(&self, builder: Builder) -> Builder {
        builder.contact(&self.contact, "")
    }

    fn invite(&self, builder: Builder) -> Builder {
        self.contact(builder).supported(&["100rel", "replaces"]).field(Name::Allow, ALLOW)
    }

    fn supported(&self, builder: Builder) -> Builder {
        builder.supported(&super::SUPPORTED)
    }
}

impl Participant {
    /// The calls, with what they need to handle an input.
    pub(super) fn line(&mut self, now: Time) -> (&mut Calls, Line<'_>) {
        (&mut self.calls, Line { now, endpoint: &mut self.endpoint, dress: &self.config })
    }

    pub(super) fn place_call(&mut self, now: Time, target: &OwnedUri) -> Result<(), CommandError> {
        let (calls, mut line) = self.line(now);
        if calls.place(&mut line, target, RouteSet::default()) {
            Ok(())
        } else {
            Err(CommandError::LimitReached { table: "call", limit: MAX_CALLS })
        }
    }

    pub(super) fn hang_up(&mut self, now: Time, peer: &OwnedUri) -> Result<(), CommandError> {
        let (calls, mut line) = self.line(now);
        if calls.hang_up(&mut line, peer) {
            Ok(())
        } else {
            let command = Command::HangUp { peer: peer.clone() }.name();
            Err(CommandError::NotNow { command, why: "there is no call with this user" })
        }
    }

    /// A response in one of the calls, or none. `false`: it belongs to none of them.
    pub(super) fn on_plain_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) -> bool {
        let (calls, mut line) = self.line(now);
        let Some(call) = calls.of_client(client) else { return false };
        let news = call.on_response(&mut line, client, response);
        let peer = call.peer().clone();
        self.tell(peer, news);
        true
    }

    pub(super) fn tell(&mut self, peer: OwnedUri, news: Option<News>) {
        self.events.extend(news.map(|news| match news {
            News::Called => Event::Called { by: peer },
            News::Up => Event::CallUp { peer },
            News::Over => Event::CallOver { peer },
        }));
    }
}
