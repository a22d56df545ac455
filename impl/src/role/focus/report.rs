//! The reports on REFERs: what a refer subscription tells the creator about what he asked for (RFC 3515 section 2.4).
//!
//! A report knows its REFER by the `CSeq` number and nothing of what was asked; who carries the REFER out says how it
//! ended ([`Conference::on_referred`]). All reports share the creator's dialog, so one NOTIFY is in flight at a time.

use super::conference::{Conference, Host};
use super::creator::ISFOCUS;
use super::notification::describe;
use crate::dialog::{EventKey, Request, TargetRefresh, Usage};
use crate::role::endpoint::phrase;
use crate::time::{Alarm, Time, Timed, Timer};
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

/// The reports of one conference, in the order of the `CSeq` numbers of their REFERs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Reports {
    all: Timed<Report>,
    /// The places of those that are not over, in order: none is ever taken out of `all`.
    open: Vec<usize>,
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

impl Alarm for Report {
    /// When the report ends by itself.
    fn alarm(&self) -> Option<Time> {
        self.notifier.timer().map(|timer| timer.at)
    }
}

impl Reports {
    fn start(&mut self, report: Report) {
        // An older REFER would have been refused (RFC 3261 section 12.2.2).
        debug_assert!(self.all.last().is_none_or(|last| last.cseq < report.cseq), "in the order of their numbers");
        self.open.push(self.all.len());
        self.all.push(report);
    }

    fn place(&self, cseq: u32) -> Option<usize> {
        self.all.binary_search_by_key(&cseq, |report| report.cseq).ok()
    }

    /// The report on the REFER with this number.
    fn get(&self, cseq: u32) -> Option<&Report> {
        self.all.get(self.place(cseq)?)
    }

    /// The same, to be changed.
    fn get_mut(&mut self, cseq: u32) -> Option<&mut Report> {
        let place = self.place(cseq)?;
        self.all.get_mut(place)
    }

    /// Those that are not over, by their places.
    fn open(&self) -> impl Iterator<Item = (usize, &Report)> {
        debug_assert_eq!(
            self.open.len(),
            self.all.iter().filter(|report| !report.notifier.is_over()).count(),
            "an open one is not over"
        );
        self.open.iter().filter_map(|place| Some((*place, self.all.get(*place)?)))
    }

    /// The one that may be sent now and owes something: the lowest `CSeq` first.
    fn next_owed(&mut self) -> Option<&mut Report> {
        let place = next_owed(self.open().map(|(place, report)| (place, report.notifier.notifier())))?;
        self.all.get_mut(place)
    }

    /// The one with this number is over.
    fn close(&mut self, cseq: u32) {
        let place = self.place(cseq);
        self.open.retain(|open| Some(*open) != place);
    }

    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        self.all.iter().filter_map(|report| report.notifier.timer())
    }

    /// When the first timer fires.
    pub(super) fn alarm(&mut self) -> Option<Time> {
        self.all.alarm()
    }

    /// Lets the timers that are due fire.
    pub(super) fn on_timeout(&mut self, now: Time) {
        for place in self.all.due(now) {
            if let Some(report) = self.all.get_mut(place) {
                report.notifier.on_timeout(now);
            }
        }
    }
}

impl Report {
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
        self.reports.start(Report { cseq, notifier, notify: None, told: Told::Nothing });
    }

    /// What the REFER with this number asked for has ended with `code`.
    pub(super) fn on_referred(&mut self, cseq: u32, code: u16) {
        if let Some(report) = self.reports.get_mut(cseq) {
            report.notifier.outcome(code);
        }
    }

    /// How far the report on the REFER with this number is.
    pub(super) fn report_view(&self, cseq: u32) -> ReportState {
        self.reports.get(cseq).map_or(ReportState::None, Report::view)
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
        // As it was written: no zeros in front.
        let number = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
        let known = number.filter(|number: &u32| number.to_string().as_bytes() == id);
        let Some(report) = known.and_then(|cseq| self.reports.get_mut(cseq)) else {
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

    /// Sends the report that is owed and may be sent now.
    pub(super) fn report(&mut self, host: &mut Host<'_>) {
        loop {
            let Some(report) = self.reports.next_owed() else { return };
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
        self.reports.open().find(|(_, report)| report.notify.as_ref() == Some(notify)).map(|(_, report)| report.cseq)
    }

    /// The final response to a report's NOTIFY, 408 if there was none.
    pub(super) fn on_report_answered(&mut self, cseq: u32, code: u16) {
        let Some(report) = self.reports.get_mut(cseq) else { return };
        report.notify = None;
        if report.notifier.on_response(code) == NotifierOutput::Removed {
            report.told = Told::Removed;
        }
        if report.notifier.is_over() {
            self.reports.close(cseq);
            self.creator.end_usage(&Usage::Notifier(EventKey::refer(cseq)));
        }
    }
}
