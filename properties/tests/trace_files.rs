//! Capture files as they come: every kind of link layer, both formats, cut short, damaged.

use std::collections::BTreeSet;
use std::time::Duration;

use imsconf_properties::trace::{
    Capture, CaptureError, Direction, Frame, Options, TraceReport, judge_capture, judge_file,
};
use imsconf_properties::verdict::Level;

const FILE: &[u8] = include_bytes!("../captures/sipp_a20_udp.pcap");
/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

/// The IP packets of the capture with their time in microseconds.
fn packets() -> Vec<(u64, Vec<u8>)> {
    let mut rest = &FILE[24..];
    let mut packets = Vec::new();
    while let [header @ .., _] = rest
        && header.len() >= 16
    {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four octets"));
        let end = 16 + word(8) as usize;
        packets.push((u64::from(word(0)) * 1_000_000 + u64::from(word(4)), rest[16 + ETHERNET..end].to_vec()));
        rest = &rest[end..];
    }
    packets
}

fn pcap(link: u32, prefix: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_3c4d_u32.to_be_bytes());
    file.extend([0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0]);
    file.extend(link.to_be_bytes());
    for (time, packet) in packets() {
        let length = u32::try_from(prefix.len() + packet.len()).expect("small");
        let seconds = u32::try_from(time / 1_000_000).expect("small");
        let nanoseconds = u32::try_from(time % 1_000_000).expect("small") * 1000;
        for word in [seconds, nanoseconds, length, length] {
            file.extend(word.to_be_bytes());
        }
        file.extend(prefix);
        file.extend(packet);
    }
    file
}

fn pcapng(link: u16) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(12 + body.len() + padding.len()).expect("small").to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &padding, &length].concat()
    };
    let mut section = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend([0xff; 8]);
    let mut file = block(0x0a0d_0d0a, &section);
    let interface = [&link.to_le_bytes()[..], &[0, 0, 0, 0, 4, 0]].concat();
    file.extend(block(1, &interface));
    for (time, packet) in packets() {
        let length = u32::try_from(packet.len()).expect("small");
        let words = [0, u32::try_from(time >> 32).expect("small"), (time & 0xffff_ffff) as u32, length, length];
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend(packet);
        file.extend(block(6, &body));
    }
    file
}

#[test]
fn formats_and_link_layers() {
    let original = Capture::read(FILE).expect("a capture");
    assert_eq!((original.total, original.frames.len(), original.fault), (23, 23, None));
    let ethernet = [&[0; 12][..], &[8, 0]].concat();
    let cooked = [&[0; 14][..], &[8, 0]].concat();
    let cooked2 = [&[8, 0][..], &[0; 18]].concat();
    let table: [(&str, Vec<u8>); 8] = [
        ("Ethernet", pcap(1, &ethernet)),
        ("VLAN", pcap(1, &[&[0; 12][..], &[0x81, 0, 0, 5, 8, 0]].concat())),
        ("loopback", pcap(0, &[2, 0, 0, 0])),
        ("OpenBSD loopback", pcap(108, &[0, 0, 0, 2])),
        ("raw", pcap(101, &[])),
        ("cooked", pcap(113, &cooked)),
        ("cooked, version 2", pcap(276, &cooked2)),
        ("pcapng", pcapng(101)),
    ];
    for (name, file) in table {
        let capture = Capture::read(&file).expect(name);
        // A cooked capture says the way: packets of type 0 are to this host.
        let way = name.starts_with("cooked").then_some(Direction::Inbound);
        let expected = original.frames.iter().map(|frame| Frame { direction: way, ..frame.clone() });
        assert!(capture.frames.iter().cloned().eq(expected), "{name}");
        assert_eq!((capture.total, capture.fault), (original.total, None), "{name}");
    }
}

/// Captured on every interface of a host, a packet to the host itself is there twice: sent, and got. Both are one
/// message, and what is found is what is found where the packet is there once.
#[test]
fn captured_as_sent_and_as_got() {
    let once = Capture::read(FILE).expect("a capture");
    let plain = judge_capture(&once, Options::default());
    for ways in [&[4_u8, 0][..], &[0], &[4]] {
        let mut file = pcap(113, &[]);
        file.truncate(24);
        for (time, packet) in packets() {
            for way in ways {
                let cooked = [&[0, *way][..], &[0; 12], &[8, 0], &packet].concat();
                let length = u32::try_from(cooked.len()).expect("small");
                let time = u32::try_from(time % 1_000_000).expect("small") * 1000;
                for word in [1, time, length, length] {
                    file.extend(word.to_be_bytes());
                }
                file.extend(cooked);
            }
        }
        let capture = Capture::read(&file).expect("a capture");
        assert_eq!(capture.frames.len(), once.frames.len() * ways.len());
        let kinds = |report: &TraceReport| -> Vec<_> {
            report.findings.iter().map(|found| (found.requirement, found.level, found.party)).collect()
        };
        assert_eq!(kinds(&judge_capture(&capture, Options::default())), kinds(&plain), "{ways:?}");
    }
}

#[test]
fn ipv6() {
    let mut file = pcap(101, &[]);
    file.truncate(24);
    for (_, packet) in packets() {
        let udp = &packet[20..];
        let length = u16::try_from(udp.len()).expect("small").to_be_bytes();
        let mut ip = vec![0x60, 0, 0, 0, length[0], length[1], 17, 64];
        ip.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        ip.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        let length = u32::try_from(ip.len() + udp.len()).expect("small");
        for word in [1, 0, length, length] {
            file.extend(word.to_be_bytes());
        }
        file.extend(ip);
        file.extend(udp);
    }
    let capture = Capture::read(&file).expect("a capture");
    assert_eq!(capture.frames.len(), 23);
    assert_eq!(capture.frames[0].source.to_string(), "[2001:db8::1]:15070");
}

/// A large message comes in IP fragments; the frame that completes it has its number.
#[test]
fn fragments() {
    let mut file = pcap(101, &[]);
    file.truncate(24);
    let (_, invite) = packets().swap_remove(0);
    let (header, udp) = invite.split_at(20);
    let (first, second) = udp.split_at(480);
    for (offset, more, part) in [(0_u16, true, first), (60, false, second)] {
        let mut packet = header.to_vec();
        let length = u16::try_from(20 + part.len()).expect("small");
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[6..8].copy_from_slice(&(offset | u16::from(more) << 13).to_be_bytes());
        packet.extend(part);
        for word in [1, 0, u32::from(length), u32::from(length)] {
            file.extend(word.to_be_bytes());
        }
        file.extend(packet);
    }
    let capture = Capture::read(&file).expect("a capture");
    let original = Capture::read(FILE).expect("a capture");
    assert_eq!(capture.frames.len(), 1);
    assert_eq!((capture.frames[0].number, &capture.frames[0].message), (2, &original.frames[0].message));
}

#[test]
fn what_is_no_capture() {
    let table: [(&[u8], CaptureError); 4] = [
        (b"", CaptureError::Truncated { frame: 0, offset: 0 }),
        (b"INVITE sip:a@b SIP/2.0\r\n\r\n", CaptureError::NotACapture),
        (&FILE[..20], CaptureError::Truncated { frame: 0, offset: 0 }),
        (&pcap(147, &[])[..], CaptureError::Link(147)),
    ];
    for (file, expected) in table {
        assert_eq!(Capture::read(file), Err(expected));
    }
}

/// Cut anywhere, the file gives the frames before the cut and says where it was cut; nothing panics.
#[test]
fn cut_at_every_length() {
    for file in [FILE.to_vec(), pcapng(101)] {
        let whole = Capture::read(&file).expect("a capture");
        for length in 0..file.len() {
            match Capture::read(&file[..length]) {
                Ok(capture) => {
                    assert_eq!(capture.frames, whole.frames[..capture.frames.len()]);
                    match capture.fault {
                        None => {}
                        Some(CaptureError::Truncated { frame, offset }) => {
                            assert!(frame == capture.total && offset < length, "{length}");
                        }
                        Some(other) => panic!("{length}: {other}"),
                    }
                }
                Err(CaptureError::Truncated { frame: 0, offset: 0 }) => assert!(length < 28, "{length}"),
                Err(other) => panic!("{length}: {other}"),
            }
        }
    }
}

/// Judging is as careful as reading: a report for every cut.
#[test]
fn judged_at_every_frame() {
    let whole = Capture::read(FILE).expect("a capture");
    for count in 0..=whole.frames.len() {
        let capture = Capture { frames: whole.frames[..count].to_vec(), ..whole.clone() };
        let report = judge_capture(&capture, Options::default());
        assert_eq!(report.sip_frames, count);
        assert!(report.to_string().contains("verdict: "));
    }
}

/// One bit of every octet turned: read, judged or refused, but no panic.
#[test]
fn damaged_octets() {
    for file in [FILE.to_vec(), pcapng(101)] {
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            // Judging takes much longer than reading: only some, but every place of the message is met.
            if at % 29 == 0 {
                if let Ok(report) = judge_file(&damaged, Options::default()) {
                    assert!(report.sip_frames <= 24);
                }
            } else if let Ok(capture) = Capture::read(&damaged) {
                assert!(capture.frames.len() <= 24);
            }
        }
    }
}

/// Writes packets as a pcap file, each with the octets of the link layer before it.
fn raw(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = pcap(link, &[]);
    file.truncate(24);
    for (time, packet) in (0_u32..).zip(packets) {
        let length = u32::try_from(packet.len()).expect("small");
        for word in [1, time, length, length] {
            file.extend(word.to_be_bytes());
        }
        file.extend(packet);
    }
    file
}

/// The UDP datagram of the first packet in two IPv6 packets with fragment headers.
fn ipv6_fragments() -> [Vec<u8>; 2] {
    let (_, invite) = packets().swap_remove(0);
    let (first, second) = invite[20..].split_at(480);
    [(0_u16, true, first), (480, false, second)].map(|(offset, more, part)| {
        let length = u16::try_from(8 + part.len()).expect("small").to_be_bytes();
        let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], 44, 64];
        for host in [1, 2] {
            packet.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
        packet.extend([17, 0]);
        packet.extend((offset | u16::from(more)).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend(part);
        packet
    })
}

#[test]
fn ipv6_fragments_on_every_link_layer_in_either_order() {
    let original = Capture::read(FILE).expect("a capture");
    let table: [(&str, u32, &[u8]); 5] = [
        ("Ethernet", 1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd]),
        ("VLAN in VLAN", 1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xa8, 0, 2, 0x81, 0, 0, 5, 0x86, 0xdd]),
        ("cooked", 113, &[0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd]),
        ("cooked, version 2", 276, &[0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("raw", 101, &[]),
    ];
    for (name, link, prefix) in table {
        let mut frames = ipv6_fragments().map(|packet| [prefix, &packet].concat()).to_vec();
        for order in ["first", "last"] {
            let capture = Capture::read(&raw(link, &frames)).expect(name);
            assert_eq!(capture.frames.len(), 1, "{name}, the beginning {order}");
            assert_eq!((capture.frames[0].number, capture.total), (2, 2), "{name}");
            assert_eq!(capture.frames[0].message, original.frames[0].message, "{name}");
            frames.reverse();
        }
    }
}

/// The IP packets of the capture over TCP, which is one stream for each direction.
fn over_tcp() -> Vec<Vec<u8>> {
    let file = include_bytes!("../captures/sipp_a20_tcp.pcap");
    let mut rest = &file[24..];
    let mut packets = Vec::new();
    while rest.len() > 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().expect("four octets")) as usize;
        packets.push(rest[16 + ETHERNET..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

/// The octets of a TCP segment in an IPv4 packet.
fn payload(packet: &[u8]) -> &[u8] {
    let header = 20 + usize::from(packet[32] >> 4) * 4;
    &packet[header..usize::from(u16::from_be_bytes([packet[2], packet[3]]))]
}

/// The same packet with other octets, which begin `offset` after those that it had.
fn segment(packet: &[u8], offset: i32, payload: &[u8]) -> Vec<u8> {
    let header = 20 + usize::from(packet[32] >> 4) * 4;
    let sequence = u32::from_be_bytes(packet[24..28].try_into().expect("four octets"));
    let mut segment = [&packet[..header], payload].concat();
    let length = u16::try_from(segment.len()).expect("small");
    segment[2..4].copy_from_slice(&length.to_be_bytes());
    segment[24..28].copy_from_slice(&sequence.wrapping_add_signed(offset).to_be_bytes());
    segment
}

/// One IPv4 packet with a TCP segment in several, of at most `size` octets of payload.
fn segments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    if payload(packet).is_empty() {
        return vec![packet.to_vec()];
    }
    let offset = |index: usize| i32::try_from(index * size).expect("small");
    payload(packet).chunks(size).enumerate().map(|(index, part)| segment(packet, offset(index), part)).collect()
}

/// However TCP cuts, reorders and repeats, the messages are the same.
#[test]
fn tcp_in_any_segments() {
    let whole = Capture::read(&raw(101, &over_tcp())).expect("a capture");
    assert_eq!(whole.frames.len(), 23);
    let messages = |capture: &Capture| -> Vec<_> { capture.frames.iter().map(|frame| frame.message.clone()).collect() };
    for size in [1, 7, 100, 1000] {
        let parts: Vec<Vec<Vec<u8>>> = over_tcp().iter().map(|packet| segments(packet, size)).collect();
        let in_order = parts.concat();
        let repeated: Vec<Vec<u8>> = in_order.iter().flat_map(|part| [part.clone(), part.clone()]).collect();
        // As many as wait for an earlier one are kept; a message of more parts than that is not put together.
        let backwards = parts.iter().flat_map(|parts| parts.chunks(32)).flat_map(|part| part.iter().rev().cloned());
        let backwards: Vec<Vec<u8>> = backwards.collect();
        for (name, packets) in [("in order", in_order), ("repeated", repeated), ("backwards", backwards)] {
            let capture = Capture::read(&raw(101, &packets)).expect("a capture");
            assert_eq!(messages(&capture).len(), 23, "{name}, {size} octets each");
            assert!(messages(&capture) == messages(&whole), "{name}, {size} octets each");
        }
    }
    // Begun in the middle: what is left of a message is passed over.
    for skipped in 0..over_tcp().len() {
        let capture = Capture::read(&raw(101, &over_tcp()[skipped..])).expect("a capture");
        let seen = messages(&capture);
        assert!(seen == messages(&whole)[23 - seen.len()..], "without the first {skipped}");
    }
}

/// Whoever sent this packet over TCP.
fn port(packet: &[u8]) -> &[u8] {
    &packet[20..22]
}

/// A segment that is not in the file costs the messages that it was part of. The others are found, it is said, and
/// nobody is blamed for what is missing.
#[test]
fn a_tcp_segment_was_missed() {
    let kinds = |capture: &Capture| -> BTreeSet<_> {
        let report = judge_capture(capture, Options::default());
        let failures = report.findings.into_iter().filter(|finding| finding.level == Level::Fail);
        failures.map(|finding| (finding.requirement, finding.party)).collect()
    };
    let whole = Capture::read(&raw(101, &over_tcp())).expect("a capture");
    let before = kinds(&whole);
    for size in [200, 2000] {
        let parts: Vec<Vec<u8>> = over_tcp().iter().flat_map(|packet| segments(packet, size)).collect();
        for (at, missed) in parts.iter().enumerate().filter(|(_, part)| !payload(part).is_empty()) {
            let mut packets = parts.clone();
            packets.remove(at);
            let later = packets[at..].iter().any(|part| port(part) == port(missed) && !payload(part).is_empty());
            let mut capture = Capture::read(&raw(101, &packets)).expect("a capture");
            assert_eq!(matches!(capture.fault, Some(CaptureError::Missing { .. })), later, "{size}, without {at}");
            assert!(!capture.boundary.complete);
            let kept: Vec<_> = capture.frames.iter().map(|frame| &frame.message).collect();
            assert!((21..23).contains(&kept.len()), "{size}, without {at}: {}", kept.len());
            assert!(kept.iter().all(|message| whole.frames.iter().any(|frame| frame.message == **message)));
            assert!(capture.frames.is_sorted_by_key(|frame| frame.number), "{size}, without {at}");
            // Long after: then it counts what is owed.
            capture.boundary.until = Some(Duration::from_secs(3600));
            let after = kinds(&capture);
            assert!(!later || after.is_subset(&before), "{size}, without {at}: {after:?}");
        }
    }
}

/// A capture may begin with a keep-alive, which has the number before the next octet and none or one of its own (RFC
/// 9293 section 3.8.4).
#[test]
fn tcp_begun_with_a_keep_alive() {
    let data: Vec<Vec<u8>> = over_tcp().into_iter().filter(|packet| !payload(packet).is_empty()).collect();
    for octets in [&b""[..], b"\0"] {
        let alive =
            |own: &[u8]| data.iter().find(|packet| port(packet) == own).map(|packet| segment(packet, -1, octets));
        let ends: BTreeSet<&[u8]> = data.iter().map(|packet| port(packet)).collect();
        let begin: Vec<Vec<u8>> = ends.into_iter().filter_map(alive).collect();
        assert!(begin.len() >= 2);
        let capture = Capture::read(&raw(101, &[begin, data.clone()].concat())).expect("a capture");
        assert_eq!((capture.frames.len(), capture.fault), (23, None), "{octets:?}");
    }
}

/// What came too early may be sent again in part, together with what was missing before it.
#[test]
fn tcp_sent_again_in_another_cut() {
    let packets: Vec<Vec<u8>> = over_tcp()
        .iter()
        .flat_map(|packet| match payload(packet) {
            octets if octets.len() > 250 => {
                vec![
                    segment(packet, 200, &octets[200..]),
                    segment(packet, 100, &octets[100..150]),
                    segment(packet, 0, &octets[..250]),
                ]
            }
            _ => vec![packet.clone()],
        })
        .collect();
    let capture = Capture::read(&raw(101, &packets)).expect("a capture");
    assert_eq!((capture.frames.len(), capture.fault), (23, None));
}
