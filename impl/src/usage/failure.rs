//! What a refused or unanswered request inside a dialog destroys: nothing, the usage, or the dialog (RFC 5057 section
//! 5, RFC 6665 sections 4.1.2.2 and 4.2.2).

use crate::wire::Method;

/// The reach of a failure response (RFC 5057 section 5.1, Tables 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Damage {
    /// Only the transaction failed.
    Transaction,
    /// The usage that the request belongs to is over.
    Usage,
    /// The dialog is over with all its usages.
    Dialog,
}

impl Damage {
    /// What the final response `code` to a request with `method` does. A transaction without a final response counts as
    /// 408, which ends the usage (RFC 5057 section 5.2).
    ///
    /// A refused REFER never made a usage, so where the table says *usage* it does nothing (RFC 5057 section 4.2); a
    /// BYE ends its usage whatever the answer (RFC 3261 section 15.1.1).
    pub const fn of(method: Method<'_>, code: u16) -> Self {
        let damage = match code {
            404 | 410 | 416 | 482..=485 | 502 | 604 => Self::Dialog,
            405 | 408 | 480 | 481 | 489 | 501 => Self::Usage,
            _ => Self::Transaction,
        };
        match (method, damage) {
            (Method::Bye, Self::Transaction) if code >= 200 => Self::Usage,
            (Method::Refer, Self::Usage) if code != 481 && code != 408 => Self::Transaction,
            (_, damage) => damage,
        }
    }
}

/// Whether this answer to a NOTIFY, or to a refreshing SUBSCRIBE, ends the subscription at once (RFC 6665 sections
/// 4.2.2 and 4.1.2.2). Other refusals hurt the transaction only.
pub const fn ends_subscription(code: u16) -> bool {
    matches!(code, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5057 section 5.1 and RFC 6665: each code with its reach on a session's request, and whether it ends a
    /// subscription.
    #[test]
    fn the_reach_of_each_failure_code() {
        use Damage::{Dialog, Transaction, Usage};
        let cases = [
            (400, Transaction, false),
            (401, Transaction, false),
            (403, Transaction, false),
            (404, Dialog, true),
            (405, Usage, true),
            (406, Transaction, false),
            (407, Transaction, false),
            (408, Usage, false),
            (410, Dialog, true),
            (415, Transaction, false),
            (416, Dialog, true),
            (420, Transaction, false),
            (423, Transaction, false),
            (429, Transaction, false),
            (480, Usage, true),
            (481, Usage, true),
            (482, Dialog, true),
            (483, Dialog, true),
            (484, Dialog, true),
            (485, Dialog, true),
            (486, Transaction, false),
            (488, Transaction, false),
            (489, Usage, true),
            (491, Transaction, false),
            (500, Transaction, false),
            (501, Usage, true),
            (502, Dialog, false),
            (503, Transaction, false),
            (600, Transaction, false),
            (603, Transaction, false),
            (604, Dialog, true),
        ];
        for (code, damage, ends) in cases {
            assert_eq!(Damage::of(Method::Update, code), damage, "{code}");
            assert_eq!(ends_subscription(code), ends, "{code}");
        }
    }

    #[test]
    fn a_refused_refer_harms_the_call_only_by_codes_that_speak_of_the_dialog() {
        let cases = [
            (603, Damage::Transaction),
            (403, Damage::Transaction),
            (500, Damage::Transaction),
            (489, Damage::Transaction),
            (405, Damage::Transaction),
            (404, Damage::Dialog),
            (481, Damage::Usage),
            (408, Damage::Usage),
        ];
        for (code, damage) in cases {
            assert_eq!(Damage::of(Method::Refer, code), damage, "{code}");
        }
        assert_eq!(Damage::of(Method::Bye, 500), Damage::Usage);
        assert_eq!(Damage::of(Method::Bye, 200), Damage::Usage);
    }
}
