//! What codes mean: the page of each code that a dead letter or a doubt may carry. Typologies have their own pages, beside
//! their rules. Every code that the fold says is here; a test reads them out of its source.

/// What carries a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Input that was not used.
    DeadLetter,
    /// Input that was used, and that somebody responsible for data should look at.
    Doubt,
}

/// The page of a code.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Stable, never reused.
    pub code: &'static str,
    /// What carries it.
    pub carrier: Carrier,
    /// What it means, in a line.
    pub title: &'static str,
    /// What happened, and what became of the input.
    pub doc: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// The page of a code.
pub fn page(code: &str) -> Option<&'static Page> {
    ALL.iter().find(|page| page.code == code)
}

/// All pages: dead letters, then doubts.
pub static ALL: &[Page] = &[
    Page {
        code: "unreadable",
        carrier: Carrier::DeadLetter,
        title: "a row of input that is no event of the contract",
        doc: "The row has no known type, lacks a field, or has a value that the contract does not allow. The reason names the \
              field. Nothing of the row was used; the row itself is kept in the journal and with the dead letter, up to \
              4,096 bytes of it.",
        remedy: "Repair the row in its source and import it again, alone or in a file of repaired rows; what was used before \
                 is recognised as a duplicate. Where a whole file is affected, look at its mapping or its encoding: \
                 `suyuan import --check FILE` reads it without using it.",
    },
    Page {
        code: "conflicting",
        carrier: Carrier::DeadLetter,
        title: "the same fact was told before with other content",
        doc: "An event's identity (for an invoice: seller and number) was seen before, and its content differs: another \
              amount, another buyer, another time. The first in the journal stands and this one changes nothing. The letter \
              names the positions of both. The same content twice is no dead letter but a duplicate, and only counted.",
        remedy: "Find out which is right. If it is the first, nothing is to be done. If it is the second, the correction must \
                 be a fact of its own: a void or a red letter and a new invoice, a reversal and a new deduction, a later \
                 declaration. Two systems that export the same invoice differently are the usual cause.",
    },
    Page {
        code: "rules_refused",
        carrier: Carrier::DeadLetter,
        title: "a published rule set that cannot be used",
        doc: "A `rules_published` event carries a document that is not a rule set: the reason names the line, the typology or \
              the parameter. Or the document has another version than the event: the reason names both. The rule set in \
              force stays in force, in every partition.",
        remedy: "Repair the document and publish it under a new version name. `suyuan replay FILE --rules DOCUMENT --out DIR` \
                 refuses it in the same words, before anything is folded.",
    },
    Page {
        code: "too_many_claims",
        carrier: Carrier::DeadLetter,
        title: "an invoice with more deductions and reversals than are kept",
        doc: "One invoice has 256 deductions and reversals already; a lawful one has one, or three. This one was not used, so \
              that a single invoice cannot grow without bound.",
        remedy: "Look at the source that sends them: a loop that deducts and reverses, or a sequence number taken for an \
                 invoice number. `suyuan invoice NO` shows the claims that were kept.",
    },
    Page {
        code: "check_character",
        carrier: Carrier::Doubt,
        title: "a taxpayer id with a wrong check character",
        doc: "An 18-character taxpayer id fails the check of GB 32100-2015. It is used as it is, for some lawful early codes \
              fail it too; said once for each taxpayer, when it is first met.",
        remedy: "Compare the id with the registration. A mistyped id splits a firm in two: its invoices land on a taxpayer \
                 that does not exist, whose sales then seem to come from nowhere.",
    },
    Page {
        code: "beyond_belief",
        carrier: Carrier::Doubt,
        title: "more tax than any firm can have",
        doc: "With this invoice, the tax that a firm ever bought, or has sold, would pass 1,000 trillion yuan. The invoice is \
              counted, and carries no value to its buyer: so no sum can overflow.",
        remedy: "Look at the source for a column read in the wrong unit, or a number taken for an amount.",
    },
    Page {
        code: "digital_invoice_voided",
        carrier: Carrier::Doubt,
        title: "a fully digital invoice was voided",
        doc: "Invoices with a 20-digit number are red-lettered and never voided. The void was folded as a void all the same.",
        remedy: "Look at the source: a red letter exported as a void is the usual cause.",
    },
    Page {
        code: "lines_do_not_add_up",
        carrier: Carrier::Doubt,
        title: "the lines of an invoice do not sum to its totals",
        doc: "The amounts or the tax of the lines differ from those of the invoice. The invoice's own totals are used; the \
              lines serve only to tell which goods were traded.",
        remedy: "Look at the source for lines that are missing, doubled, or rounded one by one.",
    },
    Page {
        code: "red_without_blue",
        carrier: Carrier::Doubt,
        title: "a red letter whose invoice is not known",
        doc: "A red letter names no invoice, or one that has not come within the grace period of the rule set (30 days as a \
              rule). Until its invoice comes the red letter takes nothing back. Said of that time: an invoice that comes even \
              later meets its red letter, and the doubt is not taken back.",
        remedy: "Import the period in which the offset invoice was issued, or ask the issuer which invoice it offsets.",
    },
    Page {
        code: "closed_month",
        carrier: Carrier::Doubt,
        title: "something came about an invoice of a month long closed",
        doc: "The invoice is of a month that was closed when this came: more months ago than the rule set's \
              `closed_after_periods`, by the journal's clock. It is noted, and the life of the invoice shows it; but whose \
              value its tax was is no longer kept, so a void, a red letter or a reversal of it moves no value.",
        remedy: "Ask the source why it comes so late. To fold an old year with its value, replay it from its own beginning \
                 rather than adding it to a folder that is years ahead.",
    },
    Page {
        code: "impossible_red",
        carrier: Carrier::Doubt,
        title: "a red letter that cannot be right",
        doc: "A red letter offsets an invoice that is void, is a red letter itself, has another buyer, or is less than its red \
              letters together. It is counted all the same, and takes back no more value than there is.",
        remedy: "Compare both invoices with the issuer's records; one of them is wrong.",
    },
    Page {
        code: "unknown_rate",
        carrier: Carrier::Doubt,
        title: "a tax rate that never existed",
        doc: "A line has a rate that was never one of Chinese VAT (0, 1, 3, 5, 6, 9, 10, 11, 13, 16 and 17 %). The tax of the \
              invoice is used as it stands.",
        remedy: "Look at how the source writes rates: 13 for 1300 basis points, or a rate computed from rounded amounts.",
    },
    Page {
        code: "kind_not_deductible",
        carrier: Carrier::Doubt,
        title: "a deduction of an invoice whose kind is not deductible",
        doc: "The buyer claims tax of an ordinary invoice, or of another kind that lets nobody deduct. The claim is noted as it \
              is; no value stands behind it.",
        remedy: "Ask the buyer; where the source writes kinds wrong, look at its mapping.",
    },
    Page {
        code: "identifier_circle",
        carrier: Carrier::Doubt,
        title: "identifiers are said to follow one another in a circle",
        doc: "A paper names a former identifier that is itself said to follow this one. The least of them keeps the books; the \
              others lead to it.",
        remedy: "Look at the registrations: one of the papers names the wrong identifier.",
    },
    Page {
        code: "identifier_late",
        carrier: Carrier::Doubt,
        title: "an identifier changed, and both had trade before it was known",
        doc: "A paper says that this taxpayer had another identifier before, but invoices or deductions under this one were \
              folded already. The books of the two are kept apart: what the old one bought does not stand behind what the new \
              one sells.",
        remedy: "Look at both as one. Send papers before the trade they are about; a replay sorts events by their time.",
    },
    Page {
        code: "more_than_the_invoice",
        carrier: Carrier::Doubt,
        title: "a deduction of more tax than the invoice bears",
        doc: "The claim is larger than the tax on the invoice. It is noted as it is; of the value behind the invoice no more \
              than there is counts as deducted.",
        remedy: "Ask the buyer; look at whether the source gives amounts with tax where tax is meant.",
    },
    Page {
        code: "voided_in_another_month",
        carrier: Carrier::Doubt,
        title: "an invoice was voided in another month than it was issued in",
        doc: "Voiding exists in the month of issue only; later an invoice is red-lettered. The void was folded as a void.",
        remedy: "Ask the issuer; where its system allows it, look at how often: voids across months after the buyer deducted \
                 are a known way to deduct without paying.",
    },
    Page {
        code: "zero_amount",
        carrier: Carrier::Doubt,
        title: "an invoice without an amount",
        doc: "The invoice's amount is zero. It is counted, and carries no value to its buyer.",
        remedy: "Look at the source: an empty column read as zero, or a test invoice.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::model::{CHECK_CHARACTER, EVENT_DOUBTS, RED_WITHOUT_BLUE};

    #[test]
    fn every_code_that_the_fold_says_has_a_page_and_every_page_is_of_such_a_code() {
        let mut said = BTreeSet::new();
        read_codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fold"), &mut said);
        let of_events = EVENT_DOUBTS.iter().filter(|doubt| doubt.reason.is_some()).map(|doubt| doubt.code);
        said.extend(of_events.chain([CHECK_CHARACTER, RED_WITHOUT_BLUE]).map(str::to_owned));
        let explained: BTreeSet<String> = ALL.iter().map(|page| page.code.to_owned()).collect();
        assert_eq!(said, explained);
        assert_eq!(explained.len(), ALL.len(), "a code is explained twice");
    }

    /// Codes as the fold's source has them: the first text that a doubt, a refusal or a dead letter is made with.
    fn read_codes(dir: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_codes(&path, codes);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for call in ["doubt(", "refuse(", "dead_letter(", "code: \""] {
                for (at, _) in source.match_indices(call) {
                    let rest = &source[at..];
                    let statement = &rest[..rest.find([';', '{']).unwrap_or(rest.len())];
                    codes.extend(statement.split('"').nth(1).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn no_code_is_also_that_of_a_typology() {
        assert!(ALL.iter().all(|page| crate::risk::typology(page.code).is_none()));
    }
}
