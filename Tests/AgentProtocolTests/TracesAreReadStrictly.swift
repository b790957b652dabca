import Testing

@testable import AgentProtocol

/// What a request says of its trace is read as W3C Trace Context has it: what is invalid counts as absent, and is never an error.
struct TracesAreReadStrictly {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let span = "00f067aa0ba902b7"
  private static let valid = "00-\(trace)-\(span)-01"

  @Test(
    arguments: [
      ([valid], valid), (["00-\(trace)-\(span)-00"], "00-\(trace)-\(span)-00"),
      // A later version may have more fields, which are not known here.
      (["cc-\(trace)-\(span)-01-what-the-future-brings"], valid), (["cc-\(trace)-\(span)-01"], valid),
      ([], nil), ([valid, valid], nil), (["\(valid)-more"], nil), (["ff-\(trace)-\(span)-01"], nil),
      (["cc-\(trace)-\(span)-01.what"], nil), (["00-\(trace.uppercased())-\(span)-01"], nil),
      (["00-00000000000000000000000000000000-\(span)-01"], nil), (["00-\(trace)-0000000000000000-01"], nil),
      (["00-\(trace)-\(span)-1"], nil), (["00-\(trace)-\(span)-0g"], nil), (["0-\(trace)-\(span)-01"], nil),
      (["00_\(trace)_\(span)_01"], nil), ([" \(valid)"], nil), ([""], nil), (["\u{E9}\(valid)"], nil),
    ] as [([String], String?)])
  func parents(_ fields: [String], _ expected: String?) {
    #expect(TraceContext(parents: fields)?.traceparent == expected)
  }

  @Test(
    arguments: [
      (["foo=1"], "foo=1"), (["foo=1", "bar=2"], "foo=1,bar=2"), (["foo=1 ,\tbar=2,"], "foo=1,bar=2"),
      (["t61rcwkgmze@vendor=a b!"], "t61rcwkgmze@vendor=a b!"), (["0a/b*_-=x"], "0a/b*_-=x"),
      ([], nil), ([""], nil), (["foo"], nil), (["=1"], nil), (["foo="], nil), (["Foo=1"], nil), (["foo=1,foo=2"], nil),
      (["foo=1=2"], nil), (["a@b@c=1"], nil), (["foo=\u{E9}"], nil), (["foo=1\nbar=2"], nil), (["_foo=1"], nil),
      ([String(repeating: "a", count: 257) + "=1"], nil), (["a=" + String(repeating: "1", count: 257)], nil),
      ([(0..<32).map { "a\($0)=1" }.joined(separator: ",")], (0..<32).map { "a\($0)=1" }.joined(separator: ",")),
      ([(0..<33).map { "a\($0)=1" }.joined(separator: ",")], nil),
    ] as [([String], String?)])
  func states(_ fields: [String], _ expected: String?) throws {
    let context = try #require(TraceContext(parents: [Self.valid], states: fields))
    #expect(context.tracestate == expected && context.traceparent == Self.valid)
  }

  @Test func whatIsTooLongLosesItsEnd() throws {
    let members = (0..<8).map { "a\($0)=" + String(repeating: "x", count: 200) }
    let context = try #require(TraceContext(parents: [Self.valid], states: members))
    #expect(context.tracestate == members.prefix(5).joined(separator: ",") && 5 * 203 + 4 <= TraceContext.longestState)
  }

  @Test func theEnvironmentCarriesIt() throws {
    let variables = ["TRACEPARENT": Self.valid, "TRACESTATE": "a=1", "OTHER": "x"]
    let context = try #require(TraceContext(environment: variables))
    #expect(context.variables == ["TRACEPARENT": Self.valid, "TRACESTATE": "a=1"])
    #expect(TraceContext(environment: ["TRACESTATE": "a=1"]) == nil)
    #expect(TraceContext(parents: [Self.valid])?.variables == ["TRACEPARENT": Self.valid])
  }
}
