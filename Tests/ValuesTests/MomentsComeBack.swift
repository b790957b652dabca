import Testing
import Values

/// A time is read as it was written, to the millisecond; what RFC 3339 does not allow is not accepted.
struct MomentsComeBack {
  /// From `date -u -d @SECONDS`.
  @Test(
    arguments: [
      (1_795_399_200_123, "2026-11-23T02:00:00.123Z"), (0, "1970-01-01T00:00:00.000Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
      (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
    ] as [(Int64, String)])
  func moment(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
    #expect(Timestamp(text)?.milliseconds == milliseconds)
  }

  /// Found by `make fuzz`: every third time came back a millisecond earlier.
  @Test func everyMillisecond() {
    for milliseconds in Int64(1_795_399_200_000)..<1_795_399_202_000 {
      let moment = Timestamp(milliseconds: milliseconds)
      #expect(Timestamp(moment.description) == moment)
    }
  }

  @Test(arguments: [Int64.min, .max, .min + 1, 253_402_300_800_000, -62_167_219_200_001])
  func momentsOutsideTheCalendarAreStillPrinted(_ milliseconds: Int64) {
    #expect(Timestamp(milliseconds: milliseconds).description.hasSuffix("Z"))
  }

  /// From `date -u -d @SECONDS`; the first and the last are the limits of calendars.
  @Test(
    arguments: [
      (1_795_399_200, "2026-11-23T02:00:00Z", "2026-11-23"), (0, "1970-01-01T00:00:00Z", "1970-01-01"),
      (-1, "1969-12-31T23:59:59Z", "1969-12-31"), (-62_135_596_800, "0001-01-01T00:00:00Z", "0001-01-01"),
      (253_402_300_799, "9999-12-31T23:59:59Z", "9999-12-31"),
    ] as [(Int64, String, String)])
  func seconds(_ seconds: Int64, _ short: String, _ day: String) {
    let moment = Timestamp(seconds: seconds)
    #expect(moment.short == short && moment.day == day && moment.seconds == seconds)
    #expect((moment + .milliseconds(999)).short == short && (moment + .milliseconds(999)).seconds == seconds)
    #expect(moment + .seconds(1) - moment == .seconds(1))
  }

  @Test func secondsBeyondAllCalendarsAreCut() {
    #expect(Timestamp(seconds: .max).short == "9999-12-31T23:59:59Z")
    #expect(Timestamp(seconds: .min).short == "0001-01-01T00:00:00Z")
    #expect(Timestamp(milliseconds: .min).seconds == Int64.min / 1000 - 1)
  }

  @Test(
    arguments: [
      ("2026-11-23T02:00:00Z", 0), ("2026-11-23t02:00:00z", 0), ("2026-11-23T02:00:00.5Z", 500),
      ("2026-11-23T02:00:00.1239999Z", 123), ("2026-11-23T04:30:00+02:30", 0), ("2026-11-22T21:00:00-05:00", 0),
      ("2026-11-23T01:59:60Z", 0),
    ] as [(String, Int64)])
  func otherSpellings(_ text: String, _ after: Int64) {
    #expect(Timestamp(text)?.milliseconds == 1_795_399_200_000 + after)
  }

  @Test(arguments: [
    "", "Z", "2026", "2026-11-23", "2026-11-23T02:00:00", "2026-11-23 02:00:00Z", "2026-11-23T02:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T02:60:00Z", "2026-11-23T02:00:61Z", "2026-11-23T02:00:00.Z", "2026-11-23T02:00:00,5Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z", "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-11-00T00:00:00Z",
    "+2026-11-23T02:00:00Z",
    "99999-11-23T02:00:00Z", "2026-11-23T02:00:00ZZ", "2026-11-23T02:00:00+0100", "2026-11-23T02:00:00+24:00",
    "2026-W48-1T02:00:00Z",
    "２０２６-11-23T02:00:00Z", "2026-11-23T02:00:00Z\0",
  ])
  func isNoMoment(_ text: String) {
    #expect(Timestamp(text) == nil)
  }
}
