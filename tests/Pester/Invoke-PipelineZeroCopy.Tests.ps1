BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:work = "$TestDrive/work"
    $null = New-Item -ItemType Directory $work
    Push-Location $work

    # A program that tells its arguments apart, whatever is in them.
    $script:show = "$work/show"
    Set-Content $show @('#!/bin/sh', 'for a; do printf "<%s>\n" "$a"; done')
    chmod 755 $show

    # Exactly one error, written or thrown, with this id, category and these words.
    function Assert-PipelineFailure([scriptblock] $Script, [string] $Id, [string] $Category, [string[]] $Says) {
        $failures = try { @(Get-Failure $Script) } catch { @($_) }
        $failures.Count | Should -Be 1
        $failures[0].FullyQualifiedErrorId | Should -BeExactly "$Id,Splice.Commands.InvokePipelineZeroCopyCommand"
        $failures[0].CategoryInfo.Category | Should -Be $Category
        foreach ($words in $Says) { $failures[0].Exception.Message | Should -BeLike "*$([WildcardPattern]::Escape($words))*" }
    }
}

AfterAll {
    Pop-Location
}

Describe 'Arguments are those of the native commands that PowerShell starts' {
    BeforeAll {
        $null = New-Item -ItemType Directory files
        $null = New-Item files/a1, 'files/a 2', files/b.txt, "files/`u{E4}3"
        $script:cases = @'
one two
'a b' "c d"
'' ""
$null
$empty x
"a""b" 'c''d'
'$HOME' '\' '\\' '\"' 'a\"b' 'tail\'
"line`nline" "tab`t"
{umlaut} {hanzi} {emoji} "{umlaut}"
$text
$quotes
$list
@list
@table
$list[1] $table.key $list.Count
(1 + 1)
$(1; 2)
x$(1; 2)y
"$text-$(3)"
1 1.50 0x10 1kb 1e20 (1.50) -1
$true $false
([datetime]"2020-01-02") ([timespan]"1:2:3")
([IO.FileMode]::Open) ([int]) ([char]65)
@{a=1}
([pscustomobject]@{a=1})
(1,(2,3)) @(4,5)
a,b
a, b
'a x',b
a,$text,c
files/a*
"files/a*"
'files/a*'
$pattern
($pattern)
files/$letter*
files/[ab]*
files/no*thing
"files/a"*
*.nothing ?
~ ~/x '~' "~/y" x~ $tilde
-a -b:c -b: c -b:$text -b:$list --long=x --long $text -x="q r" -f.g -v:"q r" -p:files/a*
-- -a --
- /
`$x `"y `'z
a#b "#c" 'a;'
--% $HOME "a b" *
%s %% \n
a=b:c@d
(Get-Item files/a1)
$list.Where({ $_ })
[a] [
"[" "]" "?"
(,@()) end
@() end
$undefined z
"" -x ""
-n:$null z
-y: '' z
'@.Replace('{umlaut}', "`u{E4}").Replace('{hanzi}', "`u{8A9E}").Replace('{emoji}', "`u{1F600}") -split "`n"
    }

    It 'in every way to write them' {
        $text = 'a b  c'
        $quotes = 'say "hi" it''s'
        $empty = ''
        $list = 'x', 'y z', $null, '', '*', 5, 'files/b*'
        $table = [ordered]@{ key = 'v'; sw = $true; none = $null; many = 1, 2 }
        $pattern = 'files/a*'
        $letter = 'a'
        $tilde = '~/t'
        $undefined = $null
        $cases.Count | Should -BeGreaterThan 50
        foreach ($case in $cases) {
            $theirs = @(& ([scriptblock]::Create("& '$show' $case")))
            $ours = @(Invoke-PipelineZeroCopy ([scriptblock]::Create("& '$show' $case")))
            "$case => $($ours -join ' ')" | Should -BeExactly "$case => $($theirs -join ' ')"
            $ours.Count | Should -Be $theirs.Count -Because $case
        }
    }

    It 'of the caller''s scope, in functions, in loops and in modules' {
        function Test-Inner { $local = 'inner'; Invoke-PipelineZeroCopy { & $show $local @args | cat } }
        Test-Inner 1 'b c' | Should -Be '<inner>', '<1>', '<b c>'
        1..2 | ForEach-Object { Invoke-PipelineZeroCopy { & $show $_ } } | Should -Be '<1>', '<2>'
        $module = New-Module {
            $kept = 'of the module'
            function Invoke-Own { Invoke-PipelineZeroCopy { printf '%s\n' $kept } }
            function Invoke-Given($Block) { $local = 'wrong'; Invoke-PipelineZeroCopy $Block }
        }
        & $module { Invoke-Own } | Should -BeExactly 'of the module'
        $local = 'of the caller'
        & $module { Invoke-Given $args[0] } { printf '%s\n' $local } | Should -BeExactly 'of the caller'
    }

    It 'with errors like those of PowerShell' {
        $failures = @(Get-Failure { Invoke-PipelineZeroCopy { printf 'x%s' (Get-Item nothing) } })
        $failures[0].FullyQualifiedErrorId | Should -BeExactly 'PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand'
        $failures.Count | Should -Be 1
        { Invoke-PipelineZeroCopy { printf (1 / 0) } } | Should -Throw '*divide by zero*'
        { & { Set-StrictMode -Version Latest; Invoke-PipelineZeroCopy { printf $never } } } | Should -Throw "*'`$never'*"
    }

    It 'without files where the location is no file system' {
        Push-Location Env:
        try {
            Invoke-PipelineZeroCopy { printf '%s\n' P* } | Should -Be @(printf '%s\n' P*)
        }
        finally {
            Pop-Location
        }
    }
}

Describe 'Blocks that are no pipeline of native commands' {
    It '<Block> is an error before anything runs' -ForEach @(
        @{ Block = { Get-Date | touch ran }; Says = "'Get-Date' is a cmdlet; only native commands can use kernel pipes." }
        @{ Block = { touch ran | no-such-command }; Says = 'no-such-command'; Id = 'CommandNotFound'; Category = 'ObjectNotFound' }
        @{ Block = { touch ran | echo }; Says = "'echo' stands for 'Write-Output', a cmdlet; only", '(Get-Command -CommandType Application echo)[0]' }
        @{ Block = { touch ran | TabExpansion2 }; Says = "'TabExpansion2' is a function; only" }
        @{ Block = { $x = touch ran }; Says = 'assignment' }
        @{ Block = { touch ran; touch ran }; Says = '2 statements' }
        @{ Block = { touch ran && touch ran }; Says = 'chain' }
        @{ Block = { touch ran & }; Says = 'background' }
        @{ Block = { 'text' | touch ran }; Says = 'expression', '-InputPath' }
        @{ Block = { touch ran > file }; Says = '> file', '-OutputPath' }
        @{ Block = { touch ran *> file }; Says = '2>file' }
        @{ Block = { touch ran 3>&1 }; Says = '2>&1' }
        @{ Block = { param($x) touch ran }; Says = 'parameters' }
        @{ Block = { if (1) { touch ran } }; Says = 'condition' }
        @{ Block = { }; Says = '0 statements' }
        @{ Block = { & { touch ran } }; Says = 'not a native command' }
        @{ Block = { touch ran { a } }; Says = 'script block' }
    ) {
        $wanted = @{ Id = $Id ?? 'NotNativePipeline'; Category = $Category ?? 'SyntaxError' }
        Assert-PipelineFailure { Invoke-PipelineZeroCopy $Block } @wanted -Says $Says
        'ran' | Should -Not -Exist
    }

    It 'are not those with comments, new lines, paths, variables, aliases and applications' {
        $program = Get-Command -CommandType Application printf | Select-Object -First 1
        $path = $program.Path
        Invoke-PipelineZeroCopy {
            # A comment & more.
            & $program '%s\n' one |
                & '/bin/cat' | cat # the end &
        } | Should -BeExactly one
        Invoke-PipelineZeroCopy { & $path two } | Should -BeExactly two
        Set-Alias our-printf printf
        Invoke-PipelineZeroCopy { our-printf three } | Should -BeExactly three
        Invoke-PipelineZeroCopy { ./show four } | Should -BeExactly '<four>'
    }
}

Describe 'Output' {
    It 'comes as lines, as of native commands' {
        foreach ($text in 'a\nb\n', 'a\r\nb', '\n\na', 'a\rb\n', "`u{E4}\n`u{8A9E}", '', 'x') {
            $ours = @(Invoke-PipelineZeroCopy { printf $text })
            $theirs = @(printf $text)
            "$($ours.Count) $($ours -join '|')" | Should -BeExactly "$($theirs.Count) $($theirs -join '|')"
        }
    }

    It 'of characters that come in pieces is whole' {
        Invoke-PipelineZeroCopy { sh -c "printf '\303'; sleep 0.1; printf '\244\r'; sleep 0.1; printf '\nb'" } | Should -Be "`u{E4}", 'b'
    }

    It 'has the result after it with -PassThru; with -OutputPath the result is all' {
        $all = Invoke-PipelineZeroCopy { printf 'a\nb\n' } -PassThru
        $all[0..1] | Should -Be 'a', 'b'
        $all[2] | Should -BeOfType Splice.PipelineResult
        $all[2].BytesOut | Should -Be 4
        $result = Invoke-PipelineZeroCopy { cat | cat } $show out
        $result.Commands.Name | Should -Be 'cat', 'cat'
        $result.Commands[0] | Should -BeOfType Splice.NativeCommandResult
        $result.BytesIn, $result.BytesOut | Should -Be @((Get-Item $show).Length, (Get-Item $show).Length)
        $result.ExitCode | Should -Be 0
        $result.InputPath, $result.OutputPath | Should -BeExactly $show, "$work/out"
        Get-Hash out | Should -Be (Get-Hash $show)
    }

    It 'goes to the output of pwsh unchanged where nothing else takes it' {
        $code = "Import-Module '$((Get-Module Splice).Path)'; Invoke-PipelineZeroCopy { printf '%s-' 'a b' | cat }; `$x = Invoke-PipelineZeroCopy { printf taken }; `"<`$x>`""
        pwsh -NoProfile -NonInteractive -Command $code | Should -BeExactly 'a b-<taken>'
    }

    It 'ends with a reader that has had enough, and so do the commands' {
        Invoke-PipelineZeroCopy { yes | cat } | Select-Object -First 2 | Should -Be 'y', 'y'
        Get-ChildProcess | Should -BeNullOrEmpty
    }

    It 'is shown in views that fit' {
        $lines = (Invoke-PipelineZeroCopy { cat | gzip } $show out | Out-String -Width 100).Trim() -split "`n"
        $lines[0] | Should -Match '^In +Out +Code +Seconds +Rate +Commands'
        $lines[2] | Should -Match 'cat \| gzip$'
        $lines | ForEach-Object Length | Should -BeLessOrEqual 100
        (Invoke-PipelineZeroCopy { printf '%s' x } -PassThru)[1].Commands | Out-String -Width 100 | Should -Match 'printf %s x'
    }
}

Describe 'Failures' {
    BeforeEach {
        Set-Content old 'old'
    }

    It 'of the <Name> command leave the old file, and tell all in the error' -ForEach @(
        @{ Name = 'first'; Block = { sh -c 'cat; exit 3' | cat | cat }; Codes = 3, 0, 0 }
        @{ Name = 'second'; Block = { cat | sh -c 'cat; exit 3' | cat }; Codes = 0, 3, 0 }
        @{ Name = 'last'; Block = { cat | cat | sh -c 'cat; exit 3' }; Codes = 0, 0, 3 }
    ) {
        $before = Get-ChildItem -Force -Name
        $failure = Get-Failure { Invoke-PipelineZeroCopy $Block $show old }
        $failure.Count | Should -Be 1
        $failure[0].FullyQualifiedErrorId | Should -BeExactly 'CommandFailed,Splice.Commands.InvokePipelineZeroCopyCommand'
        $failure[0].CategoryInfo.Category | Should -Be FromStdErr
        $failure[0].TargetObject.Commands.ExitCode | Should -Be $Codes
        $LASTEXITCODE | Should -Be 3
        Get-Content old | Should -BeExactly 'old'
        Get-ChildItem -Force -Name | Should -Be $before
        $null = Invoke-PipelineZeroCopy $Block $show old -AllowFailure -ErrorAction Stop
        $LASTEXITCODE | Should -Be 3
        Get-Hash old | Should -Be (Get-Hash $show)
    }

    It 'set $LASTEXITCODE, and successes set it to 0' {
        $null = Get-Failure { Invoke-PipelineZeroCopy { sh -c 'kill -9 $$' } }
        $LASTEXITCODE | Should -Be 137
        Invoke-PipelineZeroCopy { true }
        $LASTEXITCODE | Should -Be 0
    }

    It 'end a script whose errors end it' {
        { Invoke-PipelineZeroCopy { false } -ErrorAction Stop } | Should -Throw -ErrorId 'CommandFailed,*'
    }

    It 'come of paths and arguments that are none' {
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { cat } nothing old } -Id SourceNotFound -Category ObjectNotFound -Says "$work/nothing"
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { cat } $show nowhere/file } -Id DestinationFolderNotFound -Category ObjectNotFound
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { cat } Env:PATH } -Id NotFileSystem -Category InvalidArgument
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { printf "a`0b" } } -Id InvalidArgument -Category InvalidArgument
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { printf ([char]0xD800) } } -Id InvalidArgument -Category InvalidArgument
        Assert-PipelineFailure { Invoke-PipelineZeroCopy { env } -Environment @{ 'a=b' = 1 } } -Id InvalidArgument -Category InvalidArgument
    }
}

Describe 'Standard error' {
    It 'comes as error records where the error stream is redirected, with ErrorAction <_>' -ForEach 'Continue', 'Stop', 'SilentlyContinue' {
        $ErrorActionPreference = $_
        $records = @(Invoke-PipelineZeroCopy { sh -c 'echo one >&2; echo two >&2; echo out' } 2>&1)
        $errors = @($records | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        $errors.ForEach({ "$_" }) | Should -Be 'one', 'two'
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'StandardError*'
        $errors[0].CategoryInfo.Category | Should -Be FromStdErr
        @($records | Where-Object { $_ -is [string] }) | Should -Be 'out'
    }

    It 'comes as error records where the host takes them' {
        $background = Invoke-Background 'Invoke-PipelineZeroCopy { sh -c "echo remark >&2; echo out" }'
        Wait-Background $background
        $background.Output | Should -BeExactly out
        $remark = @($background.Shell.Streams.Error)
        $remark | Should -HaveCount 1
        "$remark" | Should -BeExactly remark
        $remark[0].FullyQualifiedErrorId | Should -BeExactly 'StandardError,Splice.Commands.InvokePipelineZeroCopyCommand'
        $remark[0].CategoryInfo.Category | Should -Be FromStdErr
    }

    It 'goes to files and into the pipe' {
        Invoke-PipelineZeroCopy { sh -c 'echo one >&2' 2>own | sh -c 'echo two >&2' } -ErrorPath all
        Get-Content own | Should -BeExactly one
        Get-Content all | Should -BeExactly two
        Invoke-PipelineZeroCopy { sh -c 'echo three >&2' 2>>own }
        Get-Content own | Should -Be one, three
        Invoke-PipelineZeroCopy { sh -c 'echo four >&2' 2>&1 | cat } | Should -BeExactly four
        Invoke-PipelineZeroCopy { sh -c 'echo five >&2; echo out' 2>$null } | Should -BeExactly out
        (Invoke-PipelineZeroCopy { sh -c 'echo six >&2' } -ErrorPath all -PassThru).Commands.ErrorText | Should -BeExactly "six`n"
    }
}

Describe 'Progress' {
    It 'has the bytes of the input, the rate and the time left' {
        [IO.File]::WriteAllBytes("$work/large", (Get-TestByte 1000000))
        $background = Invoke-Background 'Set-Location $args[0]; Invoke-PipelineZeroCopy { sh -c "head -c 500000; sleep 4; cat" } large copy' $work
        Wait-Background $background
        $background.Shell.Streams.Error | Should -BeNullOrEmpty
        $records = @($background.Shell.Streams.Progress)
        $half = @($records | Where-Object PercentComplete -EQ 50)
        $half.Count | Should -BeGreaterThan 0
        $half[0].Activity | Should -BeExactly 'Running sh'
        $half[0].StatusDescription | Should -Match '^488 KiB of 977 KiB, [\d.]+ \w*B/s$'
        $half[0].SecondsRemaining | Should -BeGreaterOrEqual 0
        $records[-1].RecordType | Should -Be Completed
    }
}

Describe 'Surroundings' {
    It 'are $PWD and $env:' {
        $null = New-Item -ItemType Directory inner
        $env:SPLICE_TEST = 'of PowerShell'
        try {
            Invoke-PipelineZeroCopy { & /bin/pwd } | Should -BeExactly $work
            Invoke-PipelineZeroCopy { & /bin/pwd } -WorkingDirectory inner | Should -BeExactly "$work/inner"
            Invoke-PipelineZeroCopy { printenv SPLICE_TEST } | Should -BeExactly 'of PowerShell'
            Invoke-PipelineZeroCopy { printenv SPLICE_TEST } -Environment @{ SPLICE_TEST = 'changed' } | Should -BeExactly 'changed'
            Invoke-PipelineZeroCopy { printenv SPLICE_TEST } -Environment @{ SPLICE_TEST = $null } -AllowFailure | Should -BeNullOrEmpty
            $env:SPLICE_TEST | Should -BeExactly 'of PowerShell'
        }
        finally {
            Remove-Item Env:SPLICE_TEST
        }
    }

    It 'are left alone with -WhatIf' {
        Invoke-PipelineZeroCopy { touch ran } -OutputPath out2 -WhatIf
        'ran', 'out2' | Should -Not -Exist
    }

    It 'have neither children nor descriptors afterwards' {
        $run = {
            $null = Invoke-PipelineZeroCopy { cat | cat | cat } $show out
            $null = Invoke-PipelineZeroCopy { printf x | cat }
            $null = Get-Failure { Invoke-PipelineZeroCopy { cat | false } $show out }
        }
        & $run
        [GC]::Collect()
        [GC]::WaitForPendingFinalizers()
        $before = @(Get-ChildItem /proc/self/fd).Count
        1..30 | ForEach-Object { & $run }
        @(Get-ChildItem /proc/self/fd).Count - $before | Should -BeLessThan 10
        Get-ChildProcess | Should -BeNullOrEmpty
    }
}

Describe 'Stopping' {
    It 'ends commands that do not want to end, and leaves the old file' {
        Set-Content old 'old'
        $before = @(Get-ChildItem -Force -Name)
        $background = Invoke-Background @'
Set-Location $args[0]
Invoke-PipelineZeroCopy { sh -c 'trap "" TERM INT; while :; do sleep 0.1; done' | sh -c 'trap "" TERM INT; while :; do sleep 0.1; done' | cat } -OutputPath old
'@ $work
        Wait-Until { @(Get-ChildProcess).Count -ge 3 } 'three commands'
        $background.Shell.Stop()
        $background.Shell.InvocationStateInfo.State | Should -Be Stopped
        $background.Shell.Streams.Error | Should -BeNullOrEmpty
        $background.Output | Should -BeNullOrEmpty
        Get-ChildProcess | Should -BeNullOrEmpty
        Get-Content old | Should -BeExactly old
        Get-ChildItem -Force -Name | Should -Be $before
        $background.Shell.Dispose()
    }

    It 'ends <Count> commands that wait' -ForEach @{ Count = 1 }, @{ Count = 10 } {
        $block = (@('cat') * $Count) -join '|'
        mkfifo "silent$Count"
        $writer = [IO.FileStream]::new("$work/silent$Count", 'Open', 'ReadWrite', 'ReadWrite', 0)
        $background = Invoke-Background "Set-Location `$args[0]; Invoke-PipelineZeroCopy { $block } silent$Count" $work
        $writer.WriteByte(10)
        Wait-Until { @(Get-ChildProcess).Count -eq $Count } 'the commands'
        $background.Shell.Stop()
        Get-ChildProcess | Should -BeNullOrEmpty
        $writer.Dispose()
        $background.Shell.Dispose()
    }
}

Describe 'A terminal' {
    BeforeEach {
        if (-not (Get-Command script -CommandType Application -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'script(1) is not installed' }
    }

    BeforeAll {
        # What a pwsh on a terminal of its own shows, with something typed.
        function Invoke-OnTerminal([string] $Code, [string] $Typed) {
            $manifest = (Resolve-Path "$PSScriptRoot/../../out/Splice/Splice.psd1").ProviderPath
            $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes("Import-Module '$manifest'; `$PSStyle.OutputRendering = 'PlainText'; $Code"))
            ($Typed | script --quiet --return --command "pwsh -NoProfile -NonInteractive -EncodedCommand $encoded" /dev/null) -join "`n"
        }
    }

    It 'is the commands'' own where nobody takes their output' {
        Invoke-OnTerminal 'Invoke-PipelineZeroCopy { cat /dev/null | sh -c ''test -t 1 && echo on a terminal'' }' |
            Should -BeLike '*on a terminal*'
    }

    It 'is not where the output is taken' {
        Invoke-OnTerminal '$x = Invoke-PipelineZeroCopy { sh -c ''test -t 1 || echo taken'' }; "<$x>"; Invoke-PipelineZeroCopy { sh -c ''test -t 1 || echo piped on'' } | ForEach-Object { "<$_>" }' |
            Should -BeLike '*<taken>*<piped on>*'
    }

    It 'can be asked on' {
        Invoke-OnTerminal 'Invoke-PipelineZeroCopy { sh -c ''read answer < /dev/tty; echo got $answer'' | cat }' 'an answer' |
            Should -BeLike '*got an answer*'
    }
}
