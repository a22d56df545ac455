//! The reports on REFERs: what a refer subscription tells the creator about what he asked for (RFC 3515 section 2.4).
//!
//! A report knows its REFER by the `CSeq` number and nothing of what was asked; who carries the REFER out says how it
//! ended ([`Conference::on_referred`]). All reports share the creator's dialog, so one NOTIFY is in flight at a time.

use super::conference::{Conference, Host};
use super::creator::ISFOCUS;
use super::notification::describe;
use crate::dialog::{EventKey, Request, TargetRefresh, Usage};
use crate::role::endpoint::phrase;
use crate::time::{Time, Timer};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{NotifierOutput, NotifierState, NotifyStatus, ReferNotifier, next_owed};
use crate::view::ReportState;
use crate::wire::{Builder, Message, Method, sipfrag};

/// The report on one accepted REFER.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Report {
    cseq: u32,
    notifier: ReferNotifier,
    /// The NOTIFY that waits for its final response.
    notify: Option<ClientKey>,
    told: Told,
}

/// What the referrer has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Told {
    /// Nothing yet.
    #[default]
    Nothing,
    /// `100 Trying`.
    Trying,
    /// The outcome.
    Outcome,
    /// No more: a NOTIFY failed.
    Removed,
}

impl Report {
    /// When the report ends by itself.
    pub(super) fn timer(&self) -> Option<Timer> {
        self.notifier.timer()
    }

    pub(super) fn on_timeout(&mut self, now: Time) {
        self.notifier.on_timeout(now);
    }

    fn view(&self) -> ReportState {
        match (self.notifier.notifier().state(), self.told) {
            (_, Told::Removed) => ReportState::Removed,
            (NotifierState::Terminated, _) => ReportState::Closed,
            (_, Told::Nothing) => ReportState::OwesTrying,
            (_, Told::Trying) if self.notifier.notifier().is_in_flight() => ReportState::TryingSent,
            (_, Told::Trying) => ReportState::Waiting,
            (_, Told::Outcome) => ReportState::FinalSent,
        }
    }
}

impl Conference {
    /// Starts the report on an accepted REFER.
    pub(super) fn start_report(&mut self, host: &Host<'_>, cseq: u32) {
        if let Some(dialog) = &mut self.creator.dialog {
            dialog.begin(Usage::Notifier(EventKey::refer(cseq)));
        }
        let notifier = ReferNotifier::new(host.now, cseq, host.config.refer_expires);
        self.reports.push(Report { cseq, notifier, notify: None, told: Told::Nothing });
    }

    /// What the REFER with this number asked for has ended with `code`.
    pub(super) fn on_referred(&mut self, cseq: u32, code: u16) {
        if let Some(report) = self.reports.iter_mut().find(|report| report.cseq == cseq) {
            report.notifier.outcome(code);
        }
    }

    /// How far the report on the REFER with this number is.
    pub(super) fn report_view(&self, cseq: u32) -> ReportState {
        self.reports.iter().find(|report| report.cseq == cseq).map_or(ReportState::None, Report::view)
    }

    /// A SUBSCRIBE inside the creator's dialog: for a refer subscription (RFC 3515 section 2.4.4); the conference
    /// package wants a dialog of its own.
    pub(super) fn on_subscribe_in_call(
        &mut self,
        host: &mut Host<'_>,
        server: &ServerKey,
        subscribe: &Message<'_>,
        refresh: TargetRefresh,
    ) {
        let Ok(event) = subscribe.event() else { return host.answer(server, 489) };
        if event.package != b"refer" {
            return host.answer(server, 403);
        }
        let expires = subscribe.expires().unwrap_or(host.config.refer_expires).min(host.config.refer_expires);
        let id = event.id().unwrap_or_default();
        let Some(report) = self.reports.iter_mut().find(|known| known.cseq.to_string().as_bytes() == id) else {
            // Only a REFER starts such a subscription.
            return host.answer(server, 403);
        };
        if !report.notifier.on_subscribe(host.now, expires) {
            return host.answer(server, 481);
        }
        if let Some(dialog) = &mut self.creator.dialog {
            dialog.on_answered(refresh, 200);
        }
        let tag = self.creator.tag.clone();
        self.accept_subscribe(host, server, &tag, expires);
    }

    /// Sends the report that is owed and may be sent now: the lowest `CSeq` first.
    pub(super) fn report(&mut self, host: &mut Host<'_>) {
        loop {
            let reports = self.reports.iter().enumerate();
            let owed = next_owed(reports.map(|(place, report)| (place, report.notifier.notifier())));
            let Some(report) = owed.and_then(|place| self.reports.get_mut(place)) else { return };
            let Some((notification, code)) = report.notifier.next(host.now) else { return };
            let last = matches!(notification.status, NotifyStatus::Terminated { .. });
            report.told = if last { Told::Outcome } else { Told::Trying };
            let request = self.creator.dialog.as_mut().and_then(|dialog| dialog.request(Method::Notify).ok());
            let uri = &self.uri;
            let send = |request: Request| {
                let finish = |builder: Builder| {
                    describe(builder.contact(uri, ISFOCUS), &notification)
                        .body("message/sipfrag", sipfrag::render(code, phrase(code)))
                };
                host.endpoint.request(host.now, &request, finish).ok()
            };
            report.notify = request.and_then(send);
            if report.notify.is_some() {
                return;
            }
            // It counts as a NOTIFY that nobody answered; the next report may go on.
            let cseq = report.cseq;
            self.on_report_answered(cseq, 408);
        }
    }

    /// The report whose NOTIFY this is, by the number of its REFER.
    pub(super) fn report_of(&self, notify: &ClientKey) -> Option<u32> {
        self.reports.iter().rev().find(|report| report.notify.as_ref() == Some(notify)).map(|report| report.cseq)
    }

    /// The final response to a report's NOTIFY, 408 if there was none.
    pub(super) fn on_report_answered(&mut self, cseq: u32, code: u16) {
        let Some(report) = self.reports.iter_mut().find(|report| report.cseq == cseq) else { return };
        report.notify = None;
        if report.notifier.on_response(code) == NotifierOutput::Removed {
            report.told = Told::Removed;
        }
        if report.notifier.is_over() {
            self.creator.end_usage(&Usage::Notifier(EventKey::refer(cseq)));
        }
    }
}
