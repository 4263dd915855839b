BeforeDiscovery {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/out/Splice/Splice.psd1" -Force
    $common = [Management.Automation.Cmdlet]::CommonParameters
    $commands = foreach ($command in Get-Command -Module Splice) {
        @{
            Name = $command.Name
            Parameters = @($command.Parameters.Values | Where-Object Name -NotIn $common)
        }
    }

    $parameters = foreach ($command in $commands) {
        foreach ($parameter in $command.Parameters) { @{ Command = $command.Name; Parameter = $parameter.Name } }
    }

    # The examples of the help, as they stand in the files.
    $examples = foreach ($page in Get-ChildItem "$root/docs/en-US/*-*.md") {
        $blocks = [regex]::Matches((Get-Content $page -Raw), '(?ms)^### (?<title>Example \d+: [^\n]*)\n\n```powershell\n(?<code>.*?)^```')
        foreach ($block in $blocks) {
            @{ Page = $page.BaseName; Title = $block.Groups['title'].Value; Code = $block.Groups['code'].Value }
        }
    }

    $examples = @($examples)
    $topics = (Get-ChildItem "$root/docs/en-US/about_*.help.txt").Name.Replace('.help.txt', '')
}

BeforeAll {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/out/Splice/Splice.psd1" -Force

    $script:common = [Management.Automation.Cmdlet]::CommonParameters

    # The help is committed: here it is compared with its source without PlatyPS.
    $script:maml = [xml](Get-Content "$root/out/Splice/en-US/SpliceModule.dll-Help.xml" -Raw)

    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Examples.ps1"
    . "$root/build/PlainHelp.ps1"
    $script:ssh = Open-SshHost "$TestDrive/ssh"

    # Each Get-Help reads the whole file.
    $script:parameterHelp = @{}
    foreach ($name in (Get-Command -Module Splice).Name) { $parameterHelp[$name] = Get-Help $name -Parameter * }
}

AfterAll {
    Close-SshHost $ssh
}

Describe 'Help' {
    It '<Name> has a synopsis, a description, four examples, inputs, outputs and notes' -ForEach $commands {
        $help = Get-Help $Name -Full
        $help.Synopsis | Should -Match '\w+ \w+'
        ($help.description | Out-String).Length | Should -BeGreaterThan 200
        @($help.examples.example).Count | Should -BeGreaterOrEqual 4
        $emits = switch ((Get-Command $Name).OutputType.Type[0]) {
            ([Splice.MethodReport]) { 'Available' }
            ([Splice.MeasurementResult]) { 'Median' }
            ([Splice.ComparisonResult]) { 'FirstDifference' }
            default { 'BytesCopied' }
        }
        ($help.returnValues | Out-String) | Should -Match $emits
        ($help.inputTypes | Out-String).Trim() | Should -Not -BeNullOrEmpty
        ($help.alertSet | Out-String) | Should -Match '\w\([12]\)'
    }

    It '<Command> -<Parameter> has a text, and the type, position, kind and aliases that the cmdlet has' -ForEach $parameters {
        $help = $parameterHelp[$Command] | Where-Object name -EQ $Parameter
        $real = (Get-Command $Command).Parameters[$Parameter]
        ($help.description | Out-String).Trim().Length | Should -BeGreaterThan 15
        $help.description.Text | Should -Not -Match '\{\{'
        $attribute = @($real.Attributes | Where-Object { $_ -is [Management.Automation.ParameterAttribute] })[0]
        $help.type.name | Should -BeExactly (ConvertTo-PlainHelp $real.ParameterType.ToString())
        $help.required | Should -Be "$($attribute.Mandatory)".ToLowerInvariant()
        $position = if ($attribute.Position -ge 0) { "$($attribute.Position)" } else { 'Named' }
        $help.position | Should -Be $position
        $aliases = if ($real.Aliases) { $real.Aliases -join ', ' } else { 'none' }
        $help.aliases | Should -Be $aliases
        $block = [regex]::Match((Get-Content "$root/docs/en-US/$Command.md" -Raw), "(?ms)^### -$Parameter\n.*?^DefaultValue: '?(?<value>[^\n]*?)'?\n")
        $default = $block.Groups['value'].Value
        "$($help.defaultValue)" | Should -Be ($default -eq 'False' ? '' : $default)
    }

    It '<Name> has no parameter in its help that the cmdlet does not have' -ForEach $commands {
        $documented = $parameterHelp[$Name].name | Sort-Object
        $documented | Should -Be ($Parameters.Name | Sort-Object)
    }

    It '<Name> has a syntax block for each parameter set, with the mandatory parameters of the set' -ForEach $commands {
        $shown = @($maml.helpItems.command | Where-Object { $_.details.name -eq $Name }).syntax.syntaxItem.ForEach({
                @($_.parameter).ForEach({ "$($_.name) $($_.required)" }) | Where-Object { $_ -notmatch '^(WhatIf|Confirm) ' } | Sort-Object | Join-String -Separator ', '
            })
        $real = (Get-Command $Name).ParameterSets.ForEach({
                @($_.Parameters | Where-Object Name -NotIn ($common + 'WhatIf', 'Confirm')).ForEach({ "$($_.Name) $("$($_.IsMandatory)".ToLowerInvariant())" }) |
                    Sort-Object | Join-String -Separator ', '
            })
        $shown | Sort-Object | Should -Be ($real | Sort-Object)
    }

    It 'is what PlatyPS makes of docs/en-US' {
        if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS)) {
            Set-ItResult -Skipped -Because 'Microsoft.PowerShell.PlatyPS is not installed'
        }

        $made = Join-Path $TestDrive help
        Import-Module Microsoft.PowerShell.PlatyPS
        Get-ChildItem "$root/docs/en-US/*-*.md" | Import-MarkdownCommandHelp | Export-MamlCommandHelp -OutputFolder $made | Out-Null
        $new = Get-ChildItem $made -Recurse -Filter *-Help.xml
        Add-HelpDefault (ConvertTo-PlainHelp (Get-Content $new -Raw)) "$root/docs/en-US" | Should -Be (Get-Content "$root/out/Splice/en-US/SpliceModule.dll-Help.xml" -Raw)
    }

    It 'is for the cmdlets of the module and no others' {
        $maml.helpItems.command.details.name | Sort-Object | Should -Be ((Get-Command -Module Splice).Name | Sort-Object)
    }

    It '<Name> has the texts of its page in docs/en-US, and no others' -ForEach $commands {
        $node = $maml.helpItems.command | Where-Object { $_.details.name -eq $Name }
        $help = $node.InnerText.Replace('`', '') -replace '\s+', ' '

        # Prose only: no front matter, tables of parameters, headings, or sections that PlatyPS leaves out.
        $left = '(?ms)\A---.*?^---|^```yaml.*?^```|^### CommonParameters.*?(?=^## )|^## (SYNTAX|ALIASES|RELATED).*?(?=^## |\z)'
        $page = (Get-Content "$root/docs/en-US/$Name.md" -Raw) -replace $left
        $page = [regex]::Replace($page, '(?m)(^\|.*\n?)+', { param($table) Format-HelpTable $table.Value })
        $lines = @($page -split "`n" -notmatch '^([-#`].*)?$').ForEach({ $_.Replace('`', '') -replace '\s+', ' ' })
        $lines.Count | Should -BeGreaterThan 20
        $lines | Where-Object { -not $help.Contains($_.Trim()) } | Should -BeNullOrEmpty

        $text = $page.Replace('`', '') -replace '\s+', ' '
        $shown = $node.SelectNodes('.//*[local-name()="para" or local-name()="code"]').InnerText -split "`n"
        $shown.Count | Should -BeGreaterThan 20
        $shown.ForEach({ $_.Replace('`', '') -replace '\s+', ' ' }) | Where-Object { -not $text.Contains($_.Trim()) } | Should -BeNullOrEmpty
    }

    It '<Name> has no fence, no backtick in prose, and no link into the repository' -ForEach $commands {
        $text = (Get-Help $Name -Full | Out-String -Width 200) -replace '\s+', ' '
        foreach ($example in (Get-Help $Name).examples.example) { $text = $text.Replace(($example.code -replace '\s+', ' '), '') }
        $text | Should -Not -Match '`'
        $text | Should -Not -Match '\.md\b|Online Version'
        (Get-Help $Name).relatedLinks.navigationLink.uri | Where-Object { $_ } | Should -BeNullOrEmpty -Because 'Get-Help -Online would open it'
    }

    It 'lists <Name> in about_Splice' -ForEach $commands {
        Get-Content "$root/docs/en-US/about_Splice.help.txt" -Raw | Should -Match "(?m)^    $Name +\w"
    }

    It 'has a page of the module with each cmdlet and its synopsis' {
        $page = Get-Content "$root/docs/en-US/Splice.md" -Raw
        $listed = [regex]::Matches($page, '(?m)^### \[(?<name>.+?)\]\(\k<name>\.md\)\n\n(?<synopsis>.+)$')
        $listed.ForEach({ $_.Groups['name'].Value }) | Should -Be (Get-Command -Module Splice).Name
        foreach ($entry in $listed) {
            $entry.Groups['synopsis'].Value | Should -Be (Get-Help $entry.Groups['name'].Value).Synopsis
        }

        $page | Should -Match "(?m)^Module Guid: $((Get-Module Splice).Guid)$"
        $page | Should -Match "(?m)^Help Version: $((Get-Module Splice).Version)$"
    }

    It '<_> is shown, in lines of 80 columns at most' -ForEach $topics {
        "$root/out/Splice/en-US/$_.help.txt" | Should -Exist
        $text = Get-Help $_ | Out-String
        $text | Should -Match "(?s)TOPIC\s+$_\s.*SEE ALSO\s+about_Splice"
        ($text -split "`n").ForEach({ $_.TrimEnd().Length }) | Should -BeLessOrEqual 80
    }

    It 'about_Splice_Verification has the stores into a source that a copy cannot detect' {
        (Get-Help about_Splice_Verification | Out-String) -replace '\s+', ' ' |
            Should -BeLike '*Stores through a shared mapping (mmap(2)) update the file times only if the page was clean before.*'
    }

    It 'about_Splice names all topics and cmdlets in SEE ALSO, and the topics name sections that exist' {
        $text = Get-Help about_Splice | Out-String
        $listed = [regex]::Matches($text.Substring($text.IndexOf('SEE ALSO')), '(?m)^    (about_\w+|\w+-\w+)').ForEach({ $_.Groups[1].Value })
        $listed | Should -Be ((Get-ChildItem "$root/docs/en-US/about_Splice_*").Name.Replace('.help.txt', '') + (Get-Command -Module Splice).Name)

        $pointers = [regex]::Matches(((Get-Content "$root/docs/en-US/*", "$root/README.md" -Raw) -replace '\s+', ' '),
            '([A-Z]{3,}(?: [A-Z-]+)*) in (about_\w+)|(about_\w+), ([A-Z]{3,}(?: [A-Z]+)*)')
        $pointers.Count | Should -BeGreaterThan 20
        foreach ($pointer in $pointers) {
            $section = $pointer.Groups[1].Value + $pointer.Groups[4].Value
            Get-Content "$root/docs/en-US/$($pointer.Groups[2].Value + $pointer.Groups[3].Value).help.txt" | Should -Contain $section
        }
    }

    It 'about_Splice_Methods has every method, in the order in which they are tried' {
        $text = Get-Help about_Splice_Methods | Out-String
        $topics = [regex]::Matches($text, '(?m)^    (\w+)\r?\n        \w+\(2\)|^    (ReadWrite)$').ForEach({ $_.Groups[1].Value + $_.Groups[2].Value })
        $topics | Should -Be ([Enum]::GetNames([Splice.TransferMethod]) -ne 'Auto')
    }

    It 'about_Splice_Errors has every error id with its category, a cause and an action, and no other' {
        $assembly = (Get-Command Copy-ItemZeroCopy).ImplementingType.Assembly
        $records = $assembly.GetType('Splice.Output.ErrorRecords')
        $categoryOf = $records.GetMethod('CategoryOf', [Reflection.BindingFlags]'Static, NonPublic')
        $expected = @([Enum]::GetValues([Splice.TransferErrorId]).ForEach({ "$_ $($categoryOf.Invoke($null, @($_)))" }))

        # Those that the module adds.
        $source = (Get-Content "$root/src/SpliceModule/Output/ErrorRecords.cs" -Raw) -replace '(?s)CategoryOf\(TransferErrorId.*?\};', ''
        $own = [regex]::Matches($source, '"(\w+)", ErrorCategory\.(\w+)').ForEach({ "$($_.Groups[1].Value) $($_.Groups[2].Value)" })
        $own.Count | Should -BeGreaterThan 4
        $entries = [regex]::Matches((Get-Help about_Splice_Errors | Out-String), '(?m)^    (\w+) \[(\w+)\]\r?\n        Cause:  \S.{10,}(\r?\n {16}\S.*)*\r?\n        Action: \S.{5,}')
        $listed = $entries.ForEach({ "$($_.Groups[1].Value) $($_.Groups[2].Value)" })
        $listed | Should -Be ($expected + $own | Sort-Object -Unique)
    }
}

Describe 'Examples' {
    It '<Page>, <Title>, fits a terminal of 80 columns, in which Get-Help indents it' -ForEach $examples {
        @($Code -split "`n").Where({ $_.Length -gt 76 }) | Should -BeNullOrEmpty
    }

    It '<Page>, <Title>' -ForEach $examples {
        if (($Page -in 'Send-ItemZeroCopy', 'Receive-ItemZeroCopy' -or $Code -match '-HostName') -and -not $ssh) {
            Set-ItResult -Skipped -Because 'sshd is not available to this user'
        }

        $done = Invoke-Example $Code
        $done.Output.Count + $done.NewItems | Should -BeGreaterThan 0
    }
}
