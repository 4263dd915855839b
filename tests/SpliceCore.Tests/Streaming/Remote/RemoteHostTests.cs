using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>What names a host.</summary>
public sealed class RemoteHostTests
{
    [Theory]
    [InlineData("web1", "web1", null, null)]
    [InlineData("admin@web1.example.org", "web1.example.org", "admin", null)]
    [InlineData("admin@web1:2222", "web1", "admin", 2222)]
    [InlineData("a@b@web1", "web1", "a@b", null)]
    [InlineData("127.0.0.1:22", "127.0.0.1", null, 22)]
    [InlineData("::1", "::1", null, null)]
    [InlineData("[::1]", "::1", null, null)]
    [InlineData("[::1]:2222", "::1", null, 2222)]
    [InlineData("root@[fe80::1%eth0]:65535", "fe80::1%eth0", "root", 65535)]
    [InlineData("my_alias", "my_alias", null, null)]
    public void Its_parts_are_found(string text, string name, string? user, int? port)
    {
        var host = RemoteHost.Parse(text);
        Assert.Equal((name, user, port, text), (host.Name, host.UserName, host.Port, host.Text));
    }

    [Fact]
    public void What_it_names_itself_comes_first()
    {
        var host = RemoteHost.Parse("web1", "admin", 22);
        Assert.Equal(("admin", 22), (host.UserName, host.Port));
        var own = RemoteHost.Parse("me@web1:23", "admin", 22);
        Assert.Equal(("me", 23), (own.UserName, own.Port));
    }

    /// <summary>Each is given as text, user and port, and none has that of another.</summary>
    [Theory]
    [InlineData("web1||, web2||", "web1, web2")]
    [InlineData("web1||, web1||22", "web1, web1:22")]
    [InlineData("web1||, web1||, web2||22", "web1, web1, web2")]
    [InlineData("web1|me|, web1|you|", "me@web1, you@web1")]
    [InlineData("me@web1||22, web1||22", "me@web1, web1")]
    [InlineData("web1|me|1, web1||2, web1:3||, web2||2", "me@web1:1, web1:2, web1:3, web2")]
    [InlineData("web1:2|me|, web1||2, web1||3", "me@web1:2, web1:2, web1:3")]
    [InlineData("::1||1, ::1||2, [::1]||", "[::1]:1, [::1]:2, ::1")]
    public void Hosts_that_are_specified_alike_are_told_apart(string specified, string texts) => Assert.Equal(
        texts,
        string.Join(", ", RemoteHost.Distinguish([.. specified.Split(", ").Select(one => one.Split('|') is [string text, string user, string port]
            ? RemoteHost.Parse(text, user.Length == 0 ? null : user, port.Length == 0 ? null : int.Parse(port, CultureInfo.InvariantCulture))
            : throw new ArgumentException(one))])));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("@web1")]
    [InlineData("-oProxyCommand=x")]
    [InlineData("web1:")]
    [InlineData("web1:0")]
    [InlineData("web1:65536")]
    [InlineData("web1:-1")]
    [InlineData("web1: 22")]
    [InlineData("web1:22:22")]
    [InlineData("[web1]:22")]
    [InlineData("[::1]22")]
    [InlineData("[::1")]
    [InlineData("web 1")]
    [InlineData("web%h")]
    [InlineData("user@-x")]
    [InlineData("-l@web1")]
    [InlineData("a/../b")]
    public void What_names_none_is_refused(string text) =>
        Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Parse(text)).Id);

    [Theory]
    [InlineData("images/", "it must not contain '/'")]
    [InlineData("-oProxyCommand=x", "it must not start with '-'")]
    [InlineData("no host", "it must not contain spaces")]
    [InlineData("web\u0007", "it must not contain the character U+0007")]
    [InlineData("a;b@web1", "the user name must not contain ';'")]
    [InlineData("@web1", "the user name must not be empty")]
    public void An_error_names_what_is_wrong(string text, string problem) =>
        Assert.EndsWith($"': {problem}.", Assert.Throws<TransferException>(() => RemoteHost.Parse(text)).Problem);
}
