//! The calls that the user of a UE has outside the conference, as the UE dresses them and tells him of them; and what
//! a REFER has to say of the one with whom it invites (TS 34.229-5 A.20).

use super::{Command, Event, Ue, headers, not_now};
use crate::agent::{Addr, Receipt};
use crate::error::CommandError;
use crate::role::calls::{Calls, Dress, Line, MAX_CALLS, News};
use crate::role::config::UeConfig;
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::wire::{Builder, Message, OwnedUri, TelephoneSubscriber};

impl Dress for UeConfig {
    fn user(&self) -> &OwnedUri {
        &self.user
    }

    fn address(&self) -> Addr {
        self.address
    }

    fn contact(&self, builder: Builder) -> Builder {
        headers::contact(self, builder)
    }

    fn invite(&self, builder: Builder) -> Builder {
        headers::plain_invite(self, builder)
    }

    fn supported(&self, builder: Builder) -> Builder {
        builder.supported(&["100rel"])
    }
}

impl Ue {
    /// The calls, with what they need to handle an input.
    pub(super) fn line(&mut self, now: Time) -> (&mut Calls, Line<'_>) {
        (&mut self.calls, Line { now, endpoint: &mut self.endpoint, dress: &self.config })
    }

    pub(super) fn place_call(&mut self, now: Time, target: &OwnedUri) -> Result<(), CommandError> {
        let routes = self.preloaded_routes()?;
        let (calls, mut line) = self.line(now);
        if calls.place(&mut line, target, routes) {
            Ok(())
        } else {
            Err(CommandError::LimitReached { table: "call", limit: MAX_CALLS })
        }
    }

    /// Rings for, answers or declines the newest call that waits for it.
    pub(super) fn decide(&mut self, now: Time, command: &Command) -> Result<(), CommandError> {
        let (calls, mut line) = self.line(now);
        let Some(call) = calls.undecided() else { return Err(not_now(command, "nobody calls")) };
        match command {
            Command::Ring => call.ring(&mut line),
            Command::Answer => call.accept(&mut line),
            _ => call.refuse(&mut line, 603),
        }
        Ok(())
    }

    pub(super) fn hang_up(&mut self, now: Time, peer: OwnedUri) -> Result<(), CommandError> {
        let (calls, mut line) = self.line(now);
        if calls.hang_up(&mut line, &peer) {
            Ok(())
        } else {
            Err(not_now(&Command::HangUp { peer }, "there is no call with this user"))
        }
    }

    /// A call comes in.
    pub(super) fn on_called(&mut self, now: Time, server: &ServerKey, invite: &Message<'_>) {
        if self.endpoint.is_merged(server) {
            return self.answer(now, server, 482);
        }
        let (calls, mut line) = self.line(now);
        if let Some(by) = calls.on_invite(&mut line, server, invite) {
            self.tell(by, Some(News::Called));
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

    /// A request in the dialog of one of the calls. `false`: it belongs to none of them.
    pub(super) fn on_plain_request(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) -> bool {
        let (calls, mut line) = self.line(now);
        let Some(call) = calls.of_request(request) else { return false };
        let news = call.on_request(&mut line, server, request);
        let peer = call.peer().clone();
        self.tell(peer, news);
        true
    }

    pub(super) fn on_call_acknowledged(&mut self, now: Time, ack: &Message<'_>) -> Receipt {
        let (calls, mut line) = self.line(now);
        let Some(call) = calls.of_request(ack) else { return self.on_session_ack(now, ack) };
        let (receipt, news) = call.on_ack(&mut line, ack);
        let peer = call.peer().clone();
        self.tell(peer, news);
        receipt
    }

    pub(super) fn on_call_cancelled(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey) {
        let (calls, mut line) = self.line(now);
        match calls.on_cancel(&mut line, cancel, invite) {
            Some((peer, news)) => self.tell(peer, news),
            None => self.answer(now, cancel, 200),
        }
    }

    fn tell(&mut self, peer: OwnedUri, news: Option<News>) {
        self.events.extend(news.map(|news| match news {
            News::Called => Event::Called { by: peer },
            News::Up => Event::CallUp { peer },
            News::Over => Event::CallOver { peer },
        }));
    }

    /// The Refer-To URI that invites `target`: with Replaces if there is a call with him, in a SIP URI then, because a
    /// tel URI has no place for it.
    pub(super) fn refer_to(&self, target: &OwnedUri, command: &Command) -> Result<OwnedUri, CommandError> {
        let Some(call) = self.calls.with(target) else { return Ok(target.clone()) };
        let replaces = call.replaces().map_err(|_| {
            not_now(command, "the call to this user is not yet answered, and nobody but he may replace it till then")
        })?;
        let Some(replaces) = replaces else { return Ok(target.clone()) };
        let uri = target.as_uri();
        if uri.is_sip() {
            return Ok(target.with_header("Replaces", &replaces));
        }
        let host = self.config.user.as_uri().host().map(|host| host.to_string()).unwrap_or_default();
        let converted = TelephoneSubscriber::of(&uri).and_then(|number| number.to_sip(&host));
        let converted = converted.map_err(|error| CommandError::BadValue {
            what: "the telephone number of an invited user",
            value: format!("{target}: {error}"),
        })?;
        Ok(converted.with_header("Replaces", &replaces))
    }
}
