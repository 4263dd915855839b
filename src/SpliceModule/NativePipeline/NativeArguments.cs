using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Microsoft.PowerShell.Commands;
using Splice.Output;

namespace Splice.NativeBinding;

/// <summary>The arguments of a command, as PowerShell 7.3 and later pass them to native commands: each value one argument, arrays
/// several, wildcards and ~ outside of quotes expanded.</summary>
internal sealed class NativeArguments(CallerScope scope)
{
    private const string Verbatim = "--%";

    private readonly List<string> _arguments = [];
    private bool _isVerbatim;

    public static string[] Parse(CommandAst ast, CallerScope scope)
    {
        var arguments = new NativeArguments(scope);
        foreach (CommandElementAst element in ast.CommandElements.Skip(1))
        {
            arguments.Add(element);
        }

        return [.. arguments._arguments];
    }

    private void Add(CommandElementAst element)
    {
        switch (element)
        {
            case CommandParameterAst parameter:
                AddParameter(parameter);
                break;

            case VariableExpressionAst { Splatted: true } variable:
                AddSplatted(variable);
                break;

            case ExpressionAst expression:
                AddValue(Prefix.None, Evaluate(expression), expression);
                break;
        }
    }

    // -name, -name:value, or -name: value.
    private void AddParameter(CommandParameterAst parameter)
    {
        string text = parameter.ErrorPosition.Text;
        if (parameter.Argument is not { } argument)
        {
            AddExpanded(Prefix.None, text);
            return;
        }

        bool isApart = parameter.ErrorPosition.EndOffset != argument.Extent.StartOffset;
        AddValue(new Prefix(text, isApart), Evaluate(argument), argument);
    }

    private void AddSplatted(VariableExpressionAst variable)
    {
        var path = new VariableExpressionAst(variable.Extent, variable.VariablePath, splatted: false);
        object? value = scope.Evaluate(path).Unwrap();
        if (value is IDictionary table)
        {
            foreach (DictionaryEntry entry in table)
            {
                AddValue(new Prefix($"-{entry.Key}:", IsApart: false), entry.Value, source: null);
            }

            return;
        }

        foreach (object? item in value is IEnumerable list and not string ? list : new[] { value })
        {
            AddValue(Prefix.None, item, source: null);
        }
    }

    private object? Evaluate(ExpressionAst expression) => expression switch
    {
        ScriptBlockExpressionAst => throw BindingException.Syntax(expression.Extent,
            "A script block is not an argument for a native command.", "Quote it to pass its text."),
        StringConstantExpressionAst text => text.Value,

        // Numbers are passed as they were written: for a program, 0x10 is not 16.
        ConstantExpressionAst constant => constant.Extent.Text,
        _ => scope.Evaluate(expression),
    };

    private void AddValue(Prefix prefix, object? value, ExpressionAst? source)
    {
        if (value.Unwrap() is string text && text == Verbatim)
        {
            _isVerbatim = true;
            return;
        }

        bool isQuoted = source is StringConstantExpressionAst { StringConstantType: not StringConstantType.BareWord }
            or ExpandableStringExpressionAst { StringConstantType: not StringConstantType.BareWord };
        IEnumerator? list = LanguagePrimitives.GetEnumerator(value);
        if (list is null)
        {
            AddOne(prefix, value, isQuoted, literal: null);
            return;
        }

        while (list.MoveNext() && AddOne(prefix, list.Current, isQuoted, source as ArrayLiteralAst))
        {
            // Each is an argument.
        }
    }

    // Returns false if the rest of its list was added with the value.
    private bool AddOne(Prefix prefix, object? value, bool isQuoted, ArrayLiteralAst? literal)
    {
        string text = LanguagePrimitives.ConvertTo<string>(value) ?? string.Empty;
        if (text.Length == 0)
        {
            // An empty string is an argument, and null is not.
            if (value.Unwrap() is not null)
            {
                AddPlain(prefix, text);
            }
        }
        else if (_isVerbatim)
        {
            _arguments.AddRange(Environment.ExpandEnvironmentVariables(text).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        else if (HasOpenSpace(text))
        {
            AddPlain(prefix, text);
        }
        else if (literal is not null)
        {
            // a,b can be one argument in a program's own syntax: it is passed as it was written.
            foreach (string part in literal.Extent.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                AddExpanded(prefix, part, isQuoted);
            }

            return false;
        }
        else
        {
            AddExpanded(prefix, text, isQuoted);
        }

        return true;
    }

    // For PowerShell, a text with white space outside of double quotes is not a pattern.
    private static bool HasOpenSpace(string text)
    {
        bool isInside = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && (i == 0 || text[i - 1] != '\\'))
            {
                isInside = !isInside;
            }
            else if (char.IsWhiteSpace(text[i]) && !isInside)
            {
                return true;
            }
        }

        return false;
    }

    private void AddExpanded(Prefix prefix, string text, bool isQuoted = false)
    {
        foreach (string argument in isQuoted ? [text] : Expand(text))
        {
            AddPlain(prefix, argument);
        }
    }

    private void AddPlain(Prefix prefix, string text)
    {
        if (prefix.IsApart)
        {
            _arguments.Add(prefix.Text);
        }

        _arguments.Add(prefix.IsApart ? text : prefix.Text + text);
    }

    // Returns the files that a pattern finds, the home folder for ~, or else the text: it can be a pattern of the program's own.
    private IReadOnlyList<string> Expand(string text)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(text))
        {
            return text == "~" || text.StartsWith("~/", StringComparison.Ordinal)
                ? [scope.Command.SessionState.Provider.GetOne("FileSystem").Home + text[1..]]
                : [text];
        }

        PathInfo location = scope.Command.SessionState.Path.CurrentLocation;
        if (location.Provider.ImplementingType != typeof(FileSystemProvider))
        {
            return [text];
        }

        try
        {
            var found = scope.Command.InvokeProvider.ChildItem.Get(text, recurse: false);
            bool isRelative = text[0] is not ('~' or '/');
            return found.Count > 0 && found.All(item => item.BaseObject is FileSystemInfo)
                ? [.. found.Select(item => PathOf((FileSystemInfo)item.BaseObject, isRelative ? location.ProviderPath : null))]
                : [text];
        }
        catch (Exception exception) when (exception is RuntimeException and not PipelineStoppedException or NotSupportedException or ArgumentException)
        {
            return [text];
        }
    }

    private string PathOf(FileSystemInfo item, string? folder) => folder is null
        ? item.FullName
        : scope.Command.SessionState.Path.NormalizeRelativePath(item.FullName, folder);

    // The parameter before a value, with its colon, and whether a space separates the two.
    private readonly record struct Prefix(string Text, bool IsApart)
    {
        public static Prefix None => new(string.Empty, IsApart: false);
    }
}

/// <summary>The redirections of a command's standard error, to its output or to a file.</summary>
internal static class ErrorRedirection
{
    private const string Nowhere = "/dev/null"; // $null

    /// <summary>Returns the command with its redirections.</summary>
    public static NativeCommand Apply(NativeCommand command, CommandAst ast, CallerScope scope, Func<string, string> resolve)
    {
        foreach (RedirectionAst redirection in ast.Redirections)
        {
            command = redirection switch
            {
                MergingRedirectionAst { FromStream: RedirectionStream.Error, ToStream: RedirectionStream.Output } =>
                    command with { ErrorTarget = ErrorTarget.Output },
                FileRedirectionAst { FromStream: RedirectionStream.Error } file => command with
                {
                    ErrorTarget = ErrorTarget.File,
                    ErrorFile = Path(file.Location, scope) is { Length: > 0 } path ? resolve(path) : Nowhere,
                    AppendsErrors = file.Append,
                },
                FileRedirectionAst { FromStream: RedirectionStream.Output } => throw BindingException.Syntax(redirection.Extent,
                    "The output cannot be redirected here.", "Output goes to a file with -OutputPath, and -Append appends to it."),
                _ => throw BindingException.Syntax(redirection.Extent,
                    "Only the error stream of a native command can be redirected here.", "Write 2>&1, 2>file or 2>>file."),
            };
        }

        return command;
    }

    private static string? Path(ExpressionAst location, CallerScope scope) =>
        location is StringConstantExpressionAst text ? text.Value : scope.Evaluate(location)?.ToString();
}
