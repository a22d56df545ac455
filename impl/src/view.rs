//! Read-only projections of the roles: the only part of their inside that a refinement check or an observer may see.
//!
//! Plain data in the RFCs' words, no behaviour; `Ue::view`, `Focus::view` and `Participant::view` fill them in. What is
//! in flight is not here: it is read from the datagrams themselves. Read first: `role/mod.rs`.

use std::fmt;

/// How much live state an agent holds, to show that a settled system leaks nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counts {
    /// Client and server transactions, those that only absorb late copies included.
    pub transactions: usize,
    /// Dialogs, early and confirmed.
    pub dialogs: usize,
    /// Usages of these dialogs (RFC 5057): sessions and subscriptions.
    pub usages: usize,
}

/// The inside of a UE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UeView {
    /// The call to the factory that became the conference call.
    pub call: CallState,
    /// The conference URI, known from the 2xx on.
    pub conference: Option<String>,
    /// The media of that call.
    pub media: MediaView,
    /// The conference subscription.
    pub subscription: SubscriptionView,
    /// One entry per REFER, in the order of their `CSeq`.
    pub referrals: Vec<ReferralView>,
    /// Its calls outside the conference, the oldest first.
    pub calls: Vec<PlainCallView>,
    /// Live transactions, dialogs and usages.
    pub counts: Counts,
}

/// Who holds an established session, and what is being done about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaView {
    /// Whether we hold it.
    pub holds: bool,
    /// Whether the peer does.
    pub held: bool,
    /// The change that we want.
    pub change: MediaChange,
    /// `CSeq` number of the re-INVITE of the peer whose 2xx waits for its ACK.
    pub unacknowledged: Option<u32>,
}

/// A change of a session's media that one end wants: to hold it, or else to resume it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaChange {
    /// None.
    #[default]
    None,
    /// None any more, but the wait for the second attempt is not over.
    Resting,
    /// The request is out.
    Requested {
        /// To hold.
        hold: bool,
        /// Whether the first attempt crossed a request of the peer.
        again: bool,
    },
    /// The first attempt crossed a request of the peer: the second waits for its time.
    BackingOff {
        /// To hold.
        hold: bool,
    },
    /// It is time for the second attempt, but an INVITE of the peer is not through.
    Due {
        /// To hold.
        hold: bool,
    },
}

/// The UE's call to the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallState {
    /// No call was made.
    Idle,
    /// The INVITE is out, no dialog yet.
    Calling,
    /// The reliable 183 came: an early dialog.
    Early {
        /// How far the second offer is.
        stage: EarlyStage,
    },
    /// The call is given up: its user wants that, or a PRACK or UPDATE failed.
    Abandoned {
        /// 487 when the user gave up; else the code of the response that failed, 408 when none came.
        code: u16,
        /// Whether the CANCEL is out; it has to wait for a provisional response.
        cancelled: bool,
    },
    /// The 2xx came and was acknowledged.
    Confirmed,
    /// The BYE is out, its final response not yet here.
    Leaving,
    /// The call was confirmed and has ended.
    Over,
    /// The call was never confirmed.
    Failed {
        /// The final response's code; 408 when none came.
        code: u16,
    },
}

/// How far the second offer (RFC 3312: resources are now reserved) is at the UE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EarlyStage {
    /// The PRACK is out, its final response not yet here.
    Pracking,
    /// The UPDATE is out, its final response not yet here.
    Updating,
    /// The second answer is here; only the 2xx to the INVITE is missing.
    Answered,
}

/// A subscriber's side of a conference subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubscriptionView {
    /// Its state.
    pub state: SubscriberState,
    /// Whether the NOTIFY of a SUBSCRIBE inside the dialog is awaited.
    pub refreshing: bool,
    /// Whether the subscriber unsubscribed and waits for the last NOTIFY.
    pub leaving: bool,
    /// Whether a SUBSCRIBE waits for its final response.
    pub open: bool,
    /// Whether it ended without a terminating NOTIFY.
    pub unnotified: bool,
    /// Version of the last document that was applied.
    pub version: Option<u32>,
    /// The roster that the documents gave.
    pub roster: Vec<RosterEntry>,
}

/// States of a subscriber (RFC 6665 section 4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriberState {
    /// Never subscribed.
    #[default]
    None,
    /// The SUBSCRIBE is out and no NOTIFY has come yet.
    Subscribing {
        /// Whether its 2xx came.
        answered: bool,
    },
    /// A NOTIFY came.
    Active,
    /// It was active and was terminated.
    Ended,
    /// It never became active.
    Failed,
}

/// One user of the roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RosterEntry {
    /// The user's entity, a URI.
    pub entity: String,
    /// Whether one of the user's endpoints is in the conference.
    pub connected: bool,
    /// Whether he is in it on hold.
    pub on_hold: bool,
}

/// Of whom something else is shown now.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RosterChange {
    /// Who is new, and whose entry is another one than before; in the order of their URIs.
    pub changed: Vec<RosterEntry>,
    /// The entities that are not listed any more, in their order.
    pub gone: Vec<String>,
}

impl RosterChange {
    /// Whether everything is as before.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// What a REFER asks the focus to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferralPurpose {
    /// To call a user into the conference.
    Invite,
    /// To end a user's part in the conference (RFC 4579 section 5.11).
    Expel,
}

/// A REFER as its sender sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReferralView {
    /// What it asks for.
    pub purpose: ReferralPurpose,
    /// Whom it is about.
    pub target: String,
    /// `CSeq` number of the REFER, the id of its subscription.
    pub cseq: u32,
    /// What is known of its outcome.
    pub state: ReferralState,
}

/// What a referrer knows of a REFER (RFC 3515 section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferralState {
    /// The REFER is out, nothing came back.
    Sent,
    /// A 2xx came, no NOTIFY.
    Accepted,
    /// A NOTIFY came that reports no final response.
    Trying,
    /// A NOTIFY reported this final response and ended the subscription.
    Done(u16),
    /// Accepted without a subscription, as was asked (RFC 4488): nothing will be reported.
    Unreported,
    /// The REFER itself was answered with this failure.
    Refused(u16),
    /// The REFER was never answered, or its subscription ended without telling the outcome.
    Unknown,
}

/// The inside of a focus host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FocusView {
    /// Every conference that was allocated, ended ones included as long as they are remembered, oldest first.
    pub conferences: Vec<ConferenceView>,
    /// Terminations reserved at the mixer, whatever they belong to.
    pub terminations: usize,
    /// Live transactions, dialogs and usages.
    pub counts: Counts,
}

/// One conference at its focus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConferenceView {
    /// The conference URI.
    pub uri: String,
    /// The creator's call.
    pub call: FocusCallState,
    /// The media of that call.
    pub media: MediaView,
    /// The subscriptions to the conference event package, oldest first.
    pub subscriptions: Vec<NotifierView>,
    /// One entry per REFER that was accepted, in the order of their `CSeq`.
    pub invitations: Vec<InvitationView>,
    /// One entry per REFER to expel somebody that was accepted, in the order of their `CSeq`.
    pub expulsions: Vec<ExpulsionView>,
    /// Users who are or were in the conference.
    pub roster: Vec<RosterEntry>,
    /// The terminations in its context at the mixer, in the order in which they were reserved.
    pub context: Vec<TerminationView>,
}

/// A termination at the mixer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TerminationView {
    /// For whom it is reserved.
    pub user: String,
    /// Whether the mixer sends to him.
    pub sends: bool,
    /// Whether the mixer takes what he sends.
    pub receives: bool,
}

/// The creator's call as the focus sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FocusCallState {
    /// The reliable 183 is out and not yet acknowledged.
    Early,
    /// The PRACK came; the second offer not yet.
    Pracked,
    /// The 200 to the INVITE is out and not yet acknowledged.
    Answered,
    /// The ACK came.
    Confirmed,
    /// The BYE came, or the call was given up: the conference is over.
    Over,
}

/// One subscription to the conference event package at the focus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotifierView {
    /// Who subscribed: the From URI of his SUBSCRIBE.
    pub subscriber: String,
    /// Its state.
    pub state: NotifierState,
    /// Version of the last document that was sent.
    pub version: Option<u32>,
    /// Whether a NOTIFY waits for its final response.
    pub in_flight: bool,
    /// Whether something changed that no NOTIFY has told yet.
    pub owing: bool,
    /// Whether what is owed answers a SUBSCRIBE and so has to carry the whole state.
    pub full: bool,
}

/// States of a notifier (RFC 6665 section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotifierState {
    /// NOTIFYs are sent on change.
    Active,
    /// The conference is over, the terminating NOTIFY waits for the one in flight.
    Terminating,
    /// The terminating NOTIFY is out.
    Terminated,
    /// The terminating NOTIFY was answered.
    Closed,
    /// A failed NOTIFY removed it (RFC 6665 section 4.2.2).
    Removed,
}

/// One REFER at the focus: the reporting of it and the leg that it caused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvitationView {
    /// Whom to invite.
    pub target: String,
    /// `CSeq` number of the REFER, the id of its subscription.
    pub cseq: u32,
    /// The refer subscription.
    pub report: ReportState,
    /// The dialled-out leg.
    pub leg: LegState,
    /// The media of that leg.
    pub media: MediaView,
    /// The final response that decided, once there is one.
    pub outcome: Option<u16>,
}

/// One accepted REFER to expel somebody at the focus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExpulsionView {
    /// Whom to expel.
    pub target: String,
    /// `CSeq` number of the REFER, the id of its subscription.
    pub cseq: u32,
    /// The refer subscription.
    pub report: ReportState,
    /// How it ended, once it has: 200, or 404 for a user who was not there, or 408.
    pub outcome: Option<u16>,
}

/// The notifier's side of a refer subscription (RFC 3515 section 2.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportState {
    /// There is none: the referrer did not want one (RFC 4488).
    None,
    /// The NOTIFY `100 Trying` is not yet sent.
    OwesTrying,
    /// The NOTIFY `100 Trying` waits for its final response.
    TryingSent,
    /// The first NOTIFY was answered; the final one is not yet sent.
    Waiting,
    /// The final NOTIFY waits for its final response.
    FinalSent,
    /// The final NOTIFY was answered.
    Closed,
    /// A failed NOTIFY removed the subscription (RFC 6665 section 4.2.2); the leg goes on unreported.
    Removed,
}

/// The dial-out leg of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    /// The INVITE is out.
    Calling {
        /// Whether a provisional response came, so that a CANCEL may be sent.
        provisional: bool,
    },
    /// A 180 came.
    Alerting,
    /// To be cancelled as soon as a provisional response comes.
    Abandoned,
    /// The CANCEL is out.
    Cancelling,
    /// The 2xx came and was acknowledged.
    Joined,
    /// Our BYE is out, its final response not yet here.
    Leaving,
    /// Nothing is left of it.
    Over,
}

/// The inside of an invited user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParticipantView {
    /// The call from the focus.
    pub call: ParticipantState,
    /// The media of that call.
    pub media: MediaView,
    /// The user's own conference subscription.
    pub subscription: SubscriptionView,
    /// His calls outside the conference, the oldest first.
    pub calls: Vec<PlainCallView>,
    /// Live transactions, dialogs and usages.
    pub counts: Counts,
}

/// The call of an invited user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParticipantState {
    /// Never invited.
    Idle,
    /// The INVITE is here, nothing was answered.
    Offered,
    /// The 180 is out.
    Ringing,
    /// The 200 is out, the ACK is not yet here.
    Answered,
    /// The ACK came.
    InCall,
    /// The BYE is out, its final response not yet here.
    Leaving,
    /// The call ended or never came about.
    Over,
}

/// A call between two users outside any conference, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainCallView {
    /// The other one's address of record.
    pub peer: String,
    /// Where it stands.
    pub state: PlainCallState,
    /// Whether it gave way to a call that replaced it (RFC 3891 section 3).
    pub replaced: bool,
}

/// Where a call outside any conference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlainCallState {
    /// It is being set up: at the callee until the ACK came.
    Calling,
    /// It is established.
    Up,
    /// The BYE is out, its final response not yet here.
    Leaving,
    /// It ended or never came about.
    Over,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} transactions, {} dialogs, {} usages", self.transactions, self.dialogs, self.usages)
    }
}
