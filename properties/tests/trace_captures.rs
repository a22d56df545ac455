//! The committed captures, judged.

use imsconf_properties::trace::{Options, judge_file};

#[test]
fn scripted_test_system() {
    let file = include_bytes!("../captures/sipp_a20_udp.pcap");
    let report = judge_file(file, Options::default()).expect("a capture");
    println!("{report}");
    for f in ["linphone_remoteconf.pcap", "baresip_refer.pcap", "sipp_a20_tcp.pcap"] {
    let file = std::fs::read(format!("captures/{f}")).unwrap();
    let report = judge_file(&file, Options::default()).expect("a capture");
    println!("{f}\n{report}");
    }
}
