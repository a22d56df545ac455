//! Finding a user among many without a look at each: [`OwnedUri::same_user`] decides, this says of whom it is worth
//! asking. Who has more than a plain SIP address (a telephone number, a URI with parameters) is asked each time.

use smallvec::SmallVec;

use crate::wire::OwnedUri;

/// Users in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct UserIndex {
    /// By [`OwnedUri::user_mark`], in order.
    marked: SmallVec<[(u64, usize); 1]>,
    unmarked: SmallVec<[usize; 1]>,
}

impl UserIndex {
    /// Adds a user.
    pub(crate) fn push(&mut self, user: &OwnedUri) {
        let number = self.marked.len() + self.unmarked.len();
        match user.user_mark() {
            Some(mark) => {
                let place = self.marked.partition_point(|other| *other < (mark, number));
                self.marked.insert(place, (mark, number));
            }
            None => self.unmarked.push(number),
        }
    }

    /// The numbers of those who may be this user, in no order: nobody else is.
    pub(crate) fn candidates(&self, user: &OwnedUri) -> impl Iterator<Item = usize> {
        let mark = user.user_mark();
        let first = mark.map_or(0, |mark| self.marked.partition_point(|(other, _)| *other < mark));
        let from_first = self.marked.iter().skip(first);
        let marked = from_first.take_while(move |(other, _)| mark.is_none_or(|mark| mark == *other));
        marked.map(|(_, number)| *number).chain(self.unmarked.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_is_the_same_user_is_left_out() {
        let texts = [
            "sip:bob@home.example",
            "sip:b%6Fb@home.example",
            "sip:BOB@home.example",
            "sip:bob@home.example;transport=tcp",
            "sips:bob@home.example",
            "sip:bob:secret@home.example",
            "sip:alice@home.example",
            "sip:a-long-name-that-ends-in-bob@home.example",
            "sip:another-name-that-ends-in-bob@home.example",
            "tel:+15551234",
            "sip:+15551234@home.example;user=phone",
            "sip:+1-555-1234@home.example;user=phone",
            "sip:+15551234@home.example",
            "sip:home.example",
            "urn:service:sos",
        ];
        let users: Vec<OwnedUri> = texts.iter().map(|text| text.parse().expect("a URI")).collect();
        let mut index = UserIndex::default();
        users.iter().for_each(|user| index.push(user));
        let mut left_out = 0;
        for user in &users {
            let candidates: Vec<usize> = index.candidates(user).collect();
            for (number, other) in users.iter().enumerate() {
                assert!(candidates.contains(&number) || !user.same_user(other), "{user} is {other}");
            }
            left_out += users.len() - candidates.len();
        }
        assert!(left_out > users.len(), "it spares comparisons: {left_out}");
    }
}
