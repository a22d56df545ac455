//! Inviting and expelling: a REFER to the focus inside the call's dialog, and what its NOTIFYs report (RFC 3515, RFC
//! 4579 sections 5.5 and 5.11, TS 34.229-5 A.20).

use super::call::Call;
use super::{Command, Event, InvitationOutcome, InviteMode, Ue, headers, not_now};
use crate::dialog::{EventKey, TargetRefresh, Usage};
use crate::error::CommandError;
use crate::time::{Time, TimerClass};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Damage, Matched, NotifyVerdict, Received, Referral, SubscriberOutput, Terms};
use crate::view::{ReferralPurpose, ReferralState, ReferralView};
use crate::wire::{Builder, Message, Method, Name, OwnedUri, sipfrag};

/// The media type of what a refer NOTIFY reports (RFC 3420).
const SIPFRAG: &str = "message/sipfrag";

/// How long the UE waits for the outcome of a REFER when the focus names no time, in seconds (TS 34.229-1 A.2.11).
const PATIENCE: u32 = 300;

/// What a REFER asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    purpose: ReferralPurpose,
    target: OwnedUri,
    /// Whether it asks for no subscription.
    quiet: bool,
}

/// A REFER that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    cseq: u32,
    asked: Asked,
    refer: ClientKey,
    /// The SUBSCRIBE that waits for its final response.
    subscribe: Option<ClientKey>,
}

/// What the UE says of a referral: a REFER that was never answered may or may not have been carried out.
fn state(referral: &Referral) -> ReferralState {
    match referral.state() {
        crate::usage::ReferralState::Sent => ReferralState::Sent,
        crate::usage::ReferralState::Accepted => ReferralState::Accepted,
        crate::usage::ReferralState::Trying | crate::usage::ReferralState::Closing => ReferralState::Trying,
        crate::usage::ReferralState::Done(Some(code)) => ReferralState::Done(code),
        crate::usage::ReferralState::Done(None) | crate::usage::ReferralState::Refused(408) => ReferralState::Unknown,
        crate::usage::ReferralState::NoSubscription => ReferralState::Unreported,
        crate::usage::ReferralState::Refused(code) => ReferralState::Refused(code),
    }
}

/// The code in the sipfrag body of a NOTIFY; none in one without a body. Otherwise the code of the refusal, which hurts
/// the transaction only.
fn reported(notify: &Message<'_>) -> Result<Option<u16>, u16> {
    if notify.body().is_empty() {
        return Ok(None);
    }
    if !notify.content_type().is_ok_and(|media_type| media_type.is(SIPFRAG)) {
        return Err(415);
    }
    sipfrag::parse(notify.body()).map(|status| Some(status.code)).map_err(|_| 400)
}

impl Ue {
    pub(super) fn referral_views(&self) -> Vec<ReferralView> {
        let view = |Reference { cseq, asked, .. }: &Reference| {
            let state = self.referrals.referral(*cseq).map_or(ReferralState::Unknown, state);
            ReferralView { purpose: asked.purpose, target: asked.target.to_string(), cseq: *cseq, state }
        };
        self.references.iter().map(view).collect()
    }

    /// Asks the focus to invite `target`.
    pub(super) fn invite(&mut self, now: Time, target: OwnedUri, mode: InviteMode) -> Result<(), CommandError> {
        let command = Command::Invite { target: target.clone(), mode };
        if mode == InviteMode::ReferToUser {
            return Err(not_now(&command, "this UE sends its REFERs to the focus only"));
        }
        let quiet = mode == InviteMode::ReferToFocusQuietly;
        let refer_to = self.refer_to(&target, &command)?;
        self.refer(now, &command, &refer_to, Asked { purpose: ReferralPurpose::Invite, target, quiet })
    }

    /// Asks the focus to expel `target`.
    pub(super) fn expel(&mut self, now: Time, target: OwnedUri) -> Result<(), CommandError> {
        let command = Command::Expel { target: target.clone() };
        if target == self.config.user {
            return Err(not_now(&command, "whoever wants to go himself leaves"));
        }
        let refer_to = format!("{};method=BYE", target.clone().without_headers_and_method());
        let refer_to = refer_to
            .parse()
            .map_err(|_| CommandError::BadValue { what: "whom to expel", value: target.to_string() })?;
        self.refer(now, &command, &refer_to, Asked { purpose: ReferralPurpose::Expel, target, quiet: false })
    }

    /// Whether the same was asked for this user before.
    fn has_asked(&self, asked: &Asked) -> bool {
        let same = |known: &Asked| known.purpose == asked.purpose && known.target.same_user(&asked.target);
        let mut candidates = self.referred.candidates(&asked.target);
        candidates.any(|place| self.references.get(place).is_some_and(|known| same(&known.asked)))
    }

    /// Sends a REFER with this Refer-To; one for each purpose and user.
    fn refer(&mut self, now: Time, command: &Command, refer_to: &OwnedUri, asked: Asked) -> Result<(), CommandError> {
        let limit = crate::usage::MAX_REFERRALS;
        let (Some(conference), Some(mut dialog), Call::Confirmed) = (&self.conference, self.dialog.clone(), &self.call)
        else {
            return Err(not_now(command, "there is no confirmed call to a focus"));
        };
        if conference.as_uri().params().contains("gr") {
            return Err(not_now(
                command,
                "a focus with a GRUU wants its REFERs outside the dialog (RFC 7647 section 3)",
            ));
        }
        if self.has_asked(&asked) {
            return Err(not_now(command, "this was asked for this user before"));
        }
        if self.references.len() >= limit {
            return Err(CommandError::LimitReached { table: "referral", limit });
        }
        // The user who is called gets to see it (RFC 3892 section 2.2). Whose call is replaced knows the caller, and
        // may want to know that it is he who asks (RFC 3891 section 3).
        let mut headers = refer_to.as_uri().headers();
        let replaces = headers.any(|(name, _)| name.eq_ignore_ascii_case(b"Replaces"));
        let names_itself = !self.config.privacy || replaces;
        let request = dialog.request(Method::Refer).map_err(|_| not_now(command, "the dialog is over"))?;
        let config = &self.config;
        let refer = self
            .endpoint
            .request(now, &request, |builder| {
                let builder = headers::contact(config, builder).refer_to(refer_to);
                let builder = if names_itself { builder.referred_by(&config.user) } else { builder };
                if asked.quiet {
                    // Inside a dialog the REFER cannot fork, so that there is nobody else to hear of.
                    builder.supported(&["norefersub"]).field(Name::ReferSub, "false")
                } else {
                    builder
                }
            })
            .map_err(|_| not_now(command, "the next hop cannot be reached"))?;
        let terms = Terms {
            duration: PATIENCE,
            timer_n: self.endpoint.timers().timeout(),
            refreshes: false,
            expiry: TimerClass::Protocol,
        };
        let cseq = request.cseq;
        if self.referrals.start(now, cseq, terms).is_err() {
            return Err(CommandError::LimitReached { table: "referral", limit });
        }
        dialog.begin(Usage::Subscriber(EventKey::refer(cseq)));
        self.dialog = Some(dialog);
        self.referred.push(&asked.target);
        self.references.push(Reference { cseq, asked, refer, subscribe: None });
        Ok(())
    }

    /// Asks for the present status of an invitation, or (`ends`) for no more reports of it. That withdraws nothing: the
    /// focus goes on calling (RFC 3515 section 2.4.4).
    pub(super) fn control_report(
        &mut self,
        now: Time,
        command: &Command,
        target: &OwnedUri,
        ends: bool,
    ) -> Result<(), CommandError> {
        let invites = |known: &&Reference| {
            known.asked.purpose == ReferralPurpose::Invite && known.asked.target.as_uri().same_user(&target.as_uri())
        };
        let cseq = self.references.iter().find(invites).map(|known| known.cseq);
        let referral = cseq.and_then(|cseq| self.referrals.referral_mut(cseq));
        let (Some(cseq), Some(referral)) = (cseq, referral) else {
            return Err(not_now(command, "this user was not invited"));
        };
        let output = if ends { referral.unsubscribe(now) } else { referral.refresh(now) };
        let SubscriberOutput::Subscribe { expires } = output else {
            return Err(not_now(command, "there is no report on this invitation, or it is being changed"));
        };
        let config = &self.config;
        let request = self.dialog.as_mut().and_then(|dialog| dialog.request(Method::Subscribe).ok());
        let subscribe = request.and_then(|request| {
            let finish = |builder: Builder| {
                headers::contact(config, builder)
                    .event("refer", Some(&cseq.to_string()))
                    .field(Name::Accept, SIPFRAG)
                    .expires(expires)
            };
            self.endpoint.request(now, &request, finish).ok()
        });
        if subscribe.is_none() {
            // It counts as a SUBSCRIBE that nobody answered.
            self.with_referral(cseq, |referral| {
                referral.on_subscribe_response(now, 408, None);
            });
        }
        if let Some(known) = self.references.iter_mut().find(|known| known.cseq == cseq) {
            known.subscribe = subscribe;
        }
        Ok(())
    }

    /// The REFER with this key goes out again: its number, after which its subscription is named now (RFC 3515 section
    /// 2.4.6). None if it is not wanted any more, or was accepted.
    pub(super) fn renumber_refer(&mut self, now: Time, client: &ClientKey) -> Option<u32> {
        let Self { references, referrals, dialog: Some(dialog), call: Call::Confirmed, .. } = self else { return None };
        let known = references.iter_mut().rev().find(|known| known.refer == *client)?;
        let next = dialog.next_cseq().ok()?;
        if !referrals.renumber(now, known.cseq, next) {
            return None;
        }
        dialog.begin(Usage::Subscriber(EventKey::refer(next)));
        dialog.end(&Usage::Subscriber(EventKey::refer(known.cseq)));
        known.cseq = next;
        Some(next)
    }

    /// The same of the SUBSCRIBE for a report.
    pub(super) fn renumber_report(&mut self, now: Time, client: &ClientKey) -> Option<u32> {
        let known = self.references.iter().find(|known| known.subscribe.as_ref() == Some(client))?;
        let wanted = self.referrals.referral_mut(known.cseq).is_some_and(|referral| referral.on_challenge(now));
        self.dialog.as_mut().filter(|_| wanted)?.next_cseq().ok()
    }

    /// The final response to a SUBSCRIBE for a report, if this is one; `None` if none came.
    pub(super) fn on_report_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) -> bool {
        let known = self.references.iter_mut().find(|known| known.subscribe.as_ref() == Some(client));
        let Some(known) = known else { return false };
        let code = response.and_then(Message::status).unwrap_or(408);
        if code < 200 {
            return true;
        }
        known.subscribe = None;
        let cseq = known.cseq;
        if let (Some(dialog), Some(response)) = (&mut self.dialog, response) {
            // A malformed Contact leaves the target as it is.
            let _ = dialog.on_response(response);
        }
        let expires = response.and_then(|response| response.expires().ok());
        self.with_referral(cseq, |referral| {
            referral.on_subscribe_response(now, code, expires);
        });
        if Damage::of(Method::Subscribe, code) == Damage::Dialog {
            self.lose_dialog();
        }
        true
    }

    /// The final response to a REFER; `None` if none came.
    pub(super) fn on_refer_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) {
        let code = response.and_then(Message::status).unwrap_or(408);
        let known = self.references.iter().rev().find(|reference| reference.refer == *client);
        let known = known.map(|reference| (reference.cseq, reference.asked.quiet)).filter(|_| code >= 200);
        let Some((cseq, quiet)) = known else { return };
        if let (Some(dialog), Some(response)) = (&mut self.dialog, response) {
            // A malformed Contact leaves the target as it is.
            let _ = dialog.on_response(response);
        }
        // Only who asked for no subscription can be promised none.
        let silent = quiet && response.is_some_and(|response| response.refer_sub() == Ok(false));
        self.with_referral(cseq, |referral| {
            referral.on_response(now, code, silent);
        });
        if Damage::of(Method::Refer, code) == Damage::Dialog {
            self.lose_dialog();
        }
    }

    /// An answer said that the dialog is gone, and with it the call and every report (RFC 5057 section 5.1).
    fn lose_dialog(&mut self) {
        self.dialog = None;
        if self.call == Call::Confirmed {
            self.call = Call::Over;
            self.events.push_back(Event::Ejected);
        }
    }

    /// A NOTIFY of the refer package inside the call's dialog, whose `CSeq` order has been checked.
    pub(super) fn on_refer_notify(
        &mut self,
        now: Time,
        server: &ServerKey,
        notify: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        let id = notify.event().ok().and_then(|event| event.id());
        let (Matched::ById(cseq) | Matched::WithoutId(cseq)) = self.referrals.matching(id) else {
            return self.answer(now, server, 481);
        };
        let Ok(subscription_state) = notify.subscription_state() else {
            return self.answer(now, server, 400);
        };
        let status = match reported(notify) {
            Ok(status) => status,
            Err(code) => return self.refuse_report(now, server, code),
        };
        let mut verdict = NotifyVerdict::Unmatched;
        let asked =
            self.references.iter().rev().find(|reference| reference.cseq == cseq).map(|reference| &reference.asked);
        if let (Some(code @ 0..=199), Some(asked)) =
            (status, asked.filter(|asked| asked.purpose == ReferralPurpose::Invite))
        {
            self.events.push_back(Event::InvitationProgress { target: asked.target.clone(), code });
        }
        if let Some(dialog) = &mut self.dialog {
            dialog.on_answered(refresh, 200);
        }
        self.answer(now, server, 200);
        self.with_referral(cseq, |referral| {
            verdict = referral.on_notify(now, Received::from(&subscription_state), status);
        });
        debug_assert!(verdict != NotifyVerdict::Unmatched, "an open referral takes its NOTIFY");
    }

    fn refuse_report(&mut self, now: Time, server: &ServerKey, code: u16) {
        let Some(response) = self.endpoint.response(server, code, None) else { return };
        let response = if code == 415 { response.field(Name::Accept, SIPFRAG) } else { response };
        self.endpoint.respond(now, server, response);
    }

    pub(super) fn on_referral_timeouts(&mut self, now: Time) {
        for cseq in self.referrals.due(now) {
            self.with_referral(cseq, |referral| {
                referral.on_timeout(now);
            });
        }
    }

    /// Gives a referral an input; if that ends it, its usage of the dialog ends and the user is told.
    fn with_referral(&mut self, cseq: u32, input: impl FnOnce(&mut Referral)) {
        let Some(referral) = self.referrals.referral_mut(cseq) else { return };
        let was_open = referral.is_open();
        input(referral);
        if !was_open || referral.is_open() {
            return;
        }
        let outcome = match state(referral) {
            ReferralState::Done(code) => InvitationOutcome::Reported(code),
            ReferralState::Refused(code) => InvitationOutcome::Refused(code),
            ReferralState::Unreported => InvitationOutcome::Unreported,
            ReferralState::Sent | ReferralState::Accepted | ReferralState::Trying | ReferralState::Unknown => {
                InvitationOutcome::Unknown
            }
        };
        if let Some(reference) = self.references.iter().rev().find(|reference| reference.cseq == cseq) {
            let target = reference.asked.target.clone();
            self.events.push_back(match reference.asked.purpose {
                ReferralPurpose::Invite => Event::InvitationEnded { target, outcome },
                ReferralPurpose::Expel => Event::ExpulsionEnded { target, outcome },
            });
        }
        self.end_usage(&Usage::Subscriber(EventKey::refer(cseq)));
    }
}
