using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Microsoft.PowerShell.Commands;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>Makes a command's arguments of its text, as PowerShell 7.3 and later pass them to native commands: each value one
/// argument, arrays several, wildcards and ~ outside of quotes expanded.</summary>
internal sealed class NativeArguments(PSCmdlet command, CallerScope scope)
{
    private const string Verbatim = "--%";

    private readonly List<string> _arguments = [];
    private bool _isVerbatim;

    /// <summary>The arguments of a command.</summary>
    public static string[] Of(CommandAst ast, PSCmdlet command, CallerScope scope)
    {
        var arguments = new NativeArguments(command, scope);
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

    /// <summary>-name, -name:value, or -name: value.</summary>
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
        object? value = BaseOf(scope.Evaluate(path));
        if (value is IDictionary table)
        {
            foreach (DictionaryEntry entry in table)
            {
                AddValue(new Prefix($"-{entry.Key}:", IsApart: false), entry.Value, source: null);
            }
        }
        else if (value is IEnumerable list and not string)
        {
            foreach (object? item in list)
            {
                AddValue(Prefix.None, item, source: null);
            }
        }
        else
        {
            AddValue(Prefix.None, value, source: null);
        }
    }

    private object? Evaluate(ExpressionAst expression) => expression switch
    {
        ScriptBlockExpressionAst => throw NativePipelineException.Syntax(expression.Extent,
            "A script block is no argument for a native command.", "Put it in quotes, if its text is meant."),
        StringConstantExpressionAst text => text.Value,

        // Numbers go as they were written: 0x10 is no 16 to others.
        ConstantExpressionAst constant => constant.Extent.Text,
        _ => scope.Evaluate(expression),
    };

    private void AddValue(Prefix prefix, object? value, ExpressionAst? source)
    {
        if (BaseOf(value) is string text && text == Verbatim)
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

    /// <summary>Adds a value that is no list.</summary>
    /// <returns>False where the rest of its list has been added with it.</returns>
    private bool AddOne(Prefix prefix, object? value, bool isQuoted, ArrayLiteralAst? literal)
    {
        string text = LanguagePrimitives.ConvertTo<string>(value) ?? string.Empty;
        if (text.Length == 0)
        {
            // An empty string is an argument, and nothing is none.
            if (BaseOf(value) is not null)
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
            // a,b is one argument of others' syntax: it goes as it was written.
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

    /// <summary>True if a text has white space outside of double quotes. PowerShell takes no such text for a pattern.</summary>
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
        IReadOnlyList<string> found = isQuoted ? [] : Expand(text);
        if (found.Count == 0)
        {
            AddPlain(prefix, text);
        }

        foreach (string path in found)
        {
            AddPlain(prefix, path);
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

    /// <summary>The files that a pattern finds, or what ~ stands for; none where it is neither.</summary>
    private IReadOnlyList<string> Expand(string text)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(text))
        {
            return text == "~" || text.StartsWith("~/", StringComparison.Ordinal)
                ? [command.SessionState.Provider.GetOne("FileSystem").Home + text[1..]]
                : [];
        }

        PathInfo location = command.SessionState.Path.CurrentLocation;
        if (location.Provider.ImplementingType != typeof(FileSystemProvider))
        {
            return [];
        }

        try
        {
            var found = command.InvokeProvider.ChildItem.Get(text, recurse: false);
            bool isRelative = text[0] is not ('~' or '/');
            return found.All(item => item.BaseObject is FileSystemInfo)
                ? [.. found.Select(item => PathOf((FileSystemInfo)item.BaseObject, isRelative ? location.ProviderPath : null))]
                : [];
        }
        catch (Exception exception) when (exception is RuntimeException and not PipelineStoppedException or NotSupportedException or ArgumentException)
        {
            // As it stands, it is a pattern of the command's own.
            return [];
        }
    }

    private string PathOf(FileSystemInfo item, string? folder) => folder is null
        ? item.FullName
        : command.SessionState.Path.NormalizeRelativePath(item.FullName, folder);

    private static object? BaseOf(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    /// <summary>The parameter that a value was written with.</summary>
    /// <param name="Text">Its text, with the colon; empty for none.</param>
    /// <param name="IsApart">Whether there is a space between the two.</param>
    private readonly record struct Prefix(string Text, bool IsApart)
    {
        public static Prefix None => new(string.Empty, IsApart: false);
    }
}
