//! Several conferences in one capture, told apart.
//!
//! Each INVITE that a focus accepts begins a scene. Another call belongs to the last scene begun before it whose
//! conference URI it names, or else in which one of its addresses takes part. A capture with at most one creation is
//! one scene.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::capture::Frame;
use crate::oracle::{Sip, Uri};

/// The frames of one Call-ID and what connects them with others.
struct Group<'a> {
    frames: Vec<&'a Frame>,
    /// URIs that somebody in it has as a focus.
    focus: BTreeSet<String>,
    /// URIs that are addressed in it.
    named: BTreeSet<String>,
    addresses: BTreeSet<SocketAddr>,
    creates: bool,
}

/// User and host of a URI: what all spellings of a conference URI have in common.
fn name(uri: &str) -> String {
    let uri = Uri::read(uri);
    format!("{}@{}", uri.user, uri.host.to_ascii_lowercase())
}

impl<'a> Group<'a> {
    fn new(frames: Vec<&'a Frame>) -> Self {
        let messages = || frames.iter().map(|frame| &frame.message);
        let marked = |message: &&Sip| message.contact().is_some_and(|contact| contact.is_focus());
        // In a call that a focus made, requests of the other end are addressed to the focus too.
        let to_factory = |message: &Sip| {
            message.method() == "INVITE" && message.to().is_some_and(|to| to.uri.contains("conf-factory"))
        };
        let opening = messages().find(|message| message.is_request_of("INVITE") && message.to_tag().is_none());
        // What the other end asks for later, and how it is answered, opens nothing.
        let opener = |message: &&Sip| opening.is_some_and(|opening| message.from_tag() == opening.from_tag());
        let accepted = messages().filter(marked).filter(opener).any(|message| message.is_response_to("INVITE"));
        let own = messages().filter(|message| marked(message) || (to_factory(message) && !message.is_request()));
        let focus = own.filter_map(|message| message.contact()).map(|contact| name(contact.uri)).collect();
        let named = messages().flat_map(|message| {
            let addresses = [message.to(), message.from(), message.refer_to()];
            let uris = addresses.into_iter().flatten().map(|address| address.uri).chain(message.request_uri());
            uris.map(name).collect::<Vec<_>>()
        });
        Self {
            focus,
            named: named.collect(),
            addresses: frames.iter().flat_map(|frame| [frame.source, frame.destination]).collect(),
            creates: accepted || messages().filter(opener).any(to_factory),
            frames,
        }
    }
}

/// The frames of each conference, each in the order of the capture.
pub(super) fn scenes(frames: &[Frame]) -> Vec<Vec<&Frame>> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_id: BTreeMap<&str, Vec<&Frame>> = BTreeMap::new();
    for frame in frames {
        let id = frame.message.call_id();
        let group = by_id.entry(id).or_default();
        if group.is_empty() {
            order.push(id);
        }
        group.push(frame);
    }
    let groups: Vec<Group<'_>> = order.iter().map(|id| Group::new(by_id.remove(id).unwrap_or_default())).collect();
    if groups.iter().filter(|group| group.creates).count() < 2 {
        return vec![frames.iter().collect()];
    }
    let mut scenes: Vec<Vec<&Group<'_>>> = Vec::new();
    let mut early = Vec::new();
    for group in &groups {
        match scene_of(group, &scenes).and_then(|at| scenes.get_mut(at)) {
            Some(scene) if !group.creates => scene.push(group),
            None if !group.creates => early.push(group),
            _ => scenes.push(vec![group]),
        }
    }
    if let Some(first) = scenes.first_mut() {
        first.extend(early);
    }
    scenes.iter().map(|scene| in_order(scene)).collect()
}

fn in_order<'a>(scene: &[&Group<'a>]) -> Vec<&'a Frame> {
    let mut frames: Vec<&Frame> = scene.iter().flat_map(|group| group.frames.iter().copied()).collect();
    frames.sort_by_key(|frame| frame.number);
    frames
}

/// The last scene that names the same conference, or else that has an address in common.
fn scene_of(group: &Group<'_>, scenes: &[Vec<&Group<'_>>]) -> Option<usize> {
    let by_name = scenes.iter().rposition(|scene| {
        scene
            .first()
            .is_some_and(|first| !first.focus.is_disjoint(&group.named) || !first.focus.is_disjoint(&group.focus))
    });
    by_name.or_else(|| {
        scenes
            .iter()
            .rposition(|scene| scene.first().is_some_and(|first| !first.addresses.is_disjoint(&group.addresses)))
    })
}
