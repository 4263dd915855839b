BeforeDiscovery {
    Import-Module "$PSScriptRoot/../../out/Splice"
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # What the Tab key offers at the end of a line.
    function Get-Completion([string] $Line) {
        @((TabExpansion2 -inputScript $Line -cursorColumn $Line.Length).CompletionMatches)
    }
}

Describe 'Completion of -Method' {
    BeforeAll {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/method").FullName
        [IO.File]::WriteAllBytes("$folder/disk.img", (Get-TestByte 300000))
        [IO.File]::WriteAllBytes("$folder/[a]*", (Get-TestByte 10))
        mkfifo "$folder/fifo"
        Push-Location $folder
    }

    AfterAll { Pop-Location }

    It 'offers what can be done, with the reason: <Line>' -ForEach @(
        @{ Line = 'Copy-ItemZeroCopy disk.img copy.img'; Pair = 'disk.img', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy -Destination /dev/shm/copy.img -Path disk.img'; Pair = 'disk.img', '/dev/shm/copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy disk.img,other.img copy.img'; Pair = 'disk.img', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy d*.img copy.img'; Pair = 'disk.img', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy ''`[a`]*'' copy.img'; Pair = '[a]*', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy -LiteralPath ''[a]*'' -Destination copy.img'; Pair = '[a]*', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy disk.img copy.img -Offset 100 -Count 200'; Pair = 'disk.img', 'copy.img'; Range = @{ Offset = 100; Count = 200 } }
        @{ Line = 'Copy-ItemZeroCopy /proc/version copy.img'; Pair = '/proc/version', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy disk.img /dev/null'; Pair = 'disk.img', '/dev/null'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy fifo copy.img'; Pair = 'fifo', 'copy.img'; Range = @{} }
        @{ Line = 'Copy-ItemZeroCopy disk.img fifo'; Pair = 'disk.img', 'fifo'; Range = @{} }
    ) {
        $offered = Get-Completion "$Line -Method "
        $can = @(Test-ZeroCopy @Pair @Range | Where-Object Available)
        $offered.CompletionText | Should -Be (@('Auto') + $can.Method)
        $offered[0].ToolTip | Should -BeLike "*: $($can[0].Method) here"
        $offered[1..9].ToolTip | Should -Be $can.Reason
        Get-ChildItem $folder | Should -HaveCount 3
    }

    It 'offers what cannot be done only to who types it, with why not' {
        (Get-Completion 'Copy-ItemZeroCopy disk.img /dev/null -Method re').CompletionText | Should -Be ReadWrite
        $offered = Get-Completion 'Copy-ItemZeroCopy disk.img /dev/null -Method ref'
        $offered.CompletionText | Should -Be Reflink
        $offered.ToolTip | Should -Be "Unavailable here: $((Test-ZeroCopy disk.img /dev/null | Where-Object Method -EQ Reflink).Reason)"
    }

    It 'offers all of them where there is no pair: <_>' -ForEach @(
        'Copy-ItemZeroCopy', 'Copy-ItemZeroCopy disk.img', 'Copy-ItemZeroCopy gone copy.img', 'Copy-ItemZeroCopy z*.img copy.img'
        'Copy-ItemZeroCopy env:/PATH copy.img', 'Copy-ItemZeroCopy nodrive:/x copy.img', 'Copy-ItemZeroCopy disk.img gone/copy.img'
        'Copy-ItemZeroCopy disk.img copy.img -Offset 400000', 'Copy-ItemZeroCopy "[" copy.img', 'Copy-ItemZeroCopy $unknown copy.img'
        'Copy-ItemZeroCopy "" ""'
    ) {
        $offered = Get-Completion "$_ -Method "
        $offered.CompletionText | Should -Be ([Enum]::GetNames([Splice.TransferMethod]))
        $offered.ToolTip | Should -Match '\w+ \w+'
    }

    It 'answers in the constrained language' {
        $said = pwsh -NoProfile -NonInteractive -Command {
            param($module, $line)
            Import-Module $module
            $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
            (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches[0].ToolTip
        } -args (Get-Module Splice).Path, "Copy-ItemZeroCopy $folder/disk.img /dev/null -Method "
        $said | Should -Be 'The first available method: SendFile here'
    }

    It 'does not wait for a file system that hangs' {
        if (-not (Get-Command strace -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'strace is not installed'
        }

        # Much longer than anybody waits who presses a key; strace itself waits for the end of it.
        $script = @"
            Import-Module '$((Get-Module Splice).Path)'
            `$line = 'Copy-ItemZeroCopy $folder/disk.img /dev/null -Method '
            foreach (`$press in 1, 2) { (TabExpansion2 -inputScript `$line -cursorColumn `$line.Length).CompletionMatches[0].ToolTip }
"@
        $said = strace -f -qq --seccomp-bpf -o "$folder/trace" -P "$folder/disk.img" -e trace=openat -e inject=openat:delay_enter=8s pwsh -NoProfile -Command $script 2>$null
        $opened = @(Select-String 'openat\(' "$folder/trace")
        Remove-Item "$folder/trace"
        $said | Should -Be (@('The first available method, fastest first') * 2)
        $opened | Should -HaveCount 1
    }

    It 'offers what can be measured' {
        $offered = Get-Completion 'Measure-ZeroCopy -Method Reflink, '
        $offered.CompletionText | Should -Be ([Enum]::GetNames([Splice.MeasuredMethod]))
        $offered.ToolTip | Should -Match '\w+ \w+'
    }
}

Describe 'Completion of -Flags' {
    It 'offers every flag with what it does: <_>' -ForEach 'Copy-ItemZeroCopy', 'Invoke-Splice', 'Invoke-Tee', 'Split-ItemZeroCopy', 'Join-ItemZeroCopy' {
        $offered = Get-Completion "$_ -Flags "
        $offered.CompletionText | Sort-Object | Should -Be ([Enum]::GetNames([Splice.SpliceFlags]) | Sort-Object)
        ($offered | Where-Object CompletionText -EQ NonBlock).ToolTip | Should -BeLike 'SPLICE_F_NONBLOCK: *'
    }

    It 'goes on behind a comma' {
        (Get-Completion 'Invoke-Splice 3 4 -Flags Move, mo').CompletionText | Should -Be More, Move
    }
}

Describe 'Parameters that are completed with reasons' {
    BeforeAll {
        $script:source = "$TestDrive/source"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 3000))
        $script:target = "$TestDrive/target"
    }

    It 'take a method as <_>' -ForEach 'ReadWrite', 'readwrite', 'READ', 5, '5', ([Splice.TransferMethod]::ReadWrite) {
        (Copy-ItemZeroCopy $source $target -Method $_).Method | Should -Be ReadWrite
    }

    It 'refuse <Value> as a method' -ForEach @(
        @{ Value = 're'; Says = '*Reflink, ReadWrite*' }, @{ Value = 'none'; Says = '*Auto, Reflink, CopyFileRange, SendFile, Splice, ReadWrite*' }
        @{ Value = 99; Says = '*Auto,Reflink,CopyFileRange*' }, @{ Value = $null; Says = '*null*' }, @{ Value = ''; Says = '*Reflink*' }
    ) {
        $failure = { Copy-ItemZeroCopy $source $target -Method $Value } | Should -Throw -PassThru
        $failure.CategoryInfo.Category | Should -BeIn InvalidArgument, WriteError
        $failure.Exception.Message | Should -BeLike "*'Method'$Says"
    }

    It 'take flags as <_>' -ForEach 'more,move', 5, ([Splice.SpliceFlags]'More, Move') {
        (Copy-ItemZeroCopy $source $target -Flags $_).Method | Should -Be Splice
    }

    It 'take several flags, and refuse one that is none among them' {
        (Copy-ItemZeroCopy $source $target -Flags more, ([Splice.SpliceFlags]::Move)).Method | Should -Be Splice
        { Copy-ItemZeroCopy $source $target -Flags more, moved } | Should -Throw '*None, Move, NonBlock, More, Gift*'
        { Copy-ItemZeroCopy $source $target -Flags $null } | Should -Throw '*null*'
    }

    It 'go through a proxy, as Pester mocks them' {
        $proxy = [scriptblock]::Create([Management.Automation.ProxyCommand]::Create((Get-Command Copy-ItemZeroCopy)))
        (& $proxy $source $target -Method splice -Flags more, move).Method | Should -Be Splice
    }

    It 'have their values in the syntax of the help: <Command> -<Parameter>' -ForEach @(
        @{ Command = 'Copy-ItemZeroCopy'; Parameter = 'Method'; Type = [Splice.TransferMethod] }
        @{ Command = 'Copy-ItemZeroCopy'; Parameter = 'Flags'; Type = [Splice.SpliceFlags] }
        @{ Command = 'Invoke-Splice'; Parameter = 'Flags'; Type = [Splice.SpliceFlags] }
        @{ Command = 'Measure-ZeroCopy'; Parameter = 'Method'; Type = [Splice.MeasuredMethod] }
    ) {
        $syntax = (Get-Help $Command).syntax | Out-String -Width 4000
        $syntax | Should -BeLike "*``[-$Parameter {$([Enum]::GetNames($Type) -join ' | ')}]*"
    }
}

Describe 'Completion of paths' {
    BeforeAll {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/paths").FullName
        $script:names = '[a].img', 'a b.img', 'do$l.img', "it's.img", 'plain.img'
        foreach ($name in $names) { [IO.File]::WriteAllText("$folder/$name", 'x') }
        Push-Location $folder
    }

    AfterAll { Pop-Location }

    It 'offers text that names the file, where no wildcard is expanded: <_>' -ForEach @(
        'Move-ItemZeroCopy -LiteralPath ', 'Move-ItemZeroCopy x '
        'Copy-ItemZeroCopy -LiteralPath ', 'Copy-ItemZeroCopy -LP ', 'Copy-ItemZeroCopy x ', 'Copy-ItemZeroCopy x -Destination:'
        'Split-ItemZeroCopy -LiteralPath ', 'Split-ItemZeroCopy x ', 'Join-ItemZeroCopy x ', 'Send-ItemZeroCopy -LiteralPath ', 'Receive-ItemZeroCopy x host '
        'Copy-StreamZeroCopy ', 'Copy-StreamZeroCopy x y, ', 'Test-ZeroCopy ', 'Test-ZeroCopy x ', 'Measure-ZeroCopy ', 'Measure-ZeroCopy . '
        'Compare-ItemZeroCopy -LiteralPath ', 'Compare-ItemZeroCopy x '
        'Measure-ZeroCopy -HtmlPath ', 'Invoke-PipelineZeroCopy { cat } -InputPath ', 'Invoke-PipelineZeroCopy { cat } -OutputPath '
        'Invoke-PipelineZeroCopy { cat } -ErrorPath ', 'Send-ItemZeroCopy -KeyFilePath ', 'Send-ItemZeroCopy -ConfigFile '
    ) {
        $meant = foreach ($offer in Get-Completion $_) { & ([scriptblock]::Create("Write-Output $($offer.CompletionText)")) }
        $meant | Sort-Object | Should -Be ($names.ForEach({ "./$_" }) | Sort-Object)
    }

    It 'offers patterns that match the one file where wildcards are expanded: <_>' -ForEach 'Compare-ItemZeroCopy ', 'Copy-ItemZeroCopy ', 'Move-ItemZeroCopy ', 'Split-ItemZeroCopy ', 'Join-ItemZeroCopy ' {
        $meant = foreach ($offer in Get-Completion $_) { & ([scriptblock]::Create("Get-Item $($offer.CompletionText)")) }
        $meant.Name | Sort-Object | Should -Be ($names | Sort-Object)
    }

    It 'goes on with what was typed: <Line>' -ForEach @(
        @{ Line = 'Copy-ItemZeroCopy x ['; Text = './[a].img' }, @{ Line = "Copy-ItemZeroCopy x 'a "; Text = "'./a b.img'" }
        @{ Line = 'Copy-ItemZeroCopy x "a '; Text = '"./a b.img"' }, @{ Line = 'Copy-ItemZeroCopy x pl'; Text = './plain.img' }
    ) {
        (Get-Completion $Line).CompletionText | Should -Be $Text
    }

    It 'offers no local path for a remote one: <_>' -ForEach 'Send-ItemZeroCopy x host ', 'Send-ItemZeroCopy -Destination ', 'Receive-ItemZeroCopy ', 'Receive-ItemZeroCopy -Path pl' {
        Get-Completion $_ | Should -BeNullOrEmpty
    }
}

Describe 'Completion of -HostName' {
    BeforeAll {
        $script:before = $env:HOME
        $env:HOME = "$TestDrive/home"
        $null = New-Item -ItemType Directory "$env:HOME/.ssh/conf.d", "$env:HOME/more"
        Set-Content "$env:HOME/.ssh/config" @'
# Host commented
Include conf.d/*.conf ~/more/one
include "~/more/two"  missing/*
Host web1 web2 *.example.com !web3 db?
    HostName 192.0.2.1
host=equal
HOST "quoted"
Match host matched
    User admin
Host -oProxyCommand=evil
'@
        Set-Content "$env:HOME/.ssh/conf.d/a.conf" "Host from-a`nInclude conf.d/a.conf"
        Set-Content "$env:HOME/.ssh/conf.d/b.txt" 'Host from-b'
        Set-Content "$env:HOME/more/one" 'Host from-one'
        Set-Content "$env:HOME/more/two" 'Host from-two'
        Set-Content "$env:HOME/.ssh/known_hosts" @'
# Host commented
known1,192.0.2.7 ssh-ed25519 AAAA
|1|aGFzaGVk|aGFzaGVk ssh-ed25519 AAAA
[known2]:2222 ssh-ed25519 AAAA
[2001:db8::1]:22 ssh-ed25519 AAAA
2001:db8::2 ssh-ed25519 AAAA
@cert-authority *.example.org ssh-ed25519 AAAA
@revoked revoked ssh-ed25519 AAAA
*.pattern ssh-ed25519 AAAA
web1 ssh-ed25519 AAAA
'@
    }

    AfterAll { $env:HOME = $before }

    It 'offers the hosts that ssh knows: <_>' -ForEach 'Send-ItemZeroCopy', 'Receive-ItemZeroCopy' {
        $offered = Get-Completion "$_ file -HostName "
        $offered.ListItemText | Should -Be @(
            'from-a', 'from-one', 'from-two', 'web1', 'web2', 'equal', 'quoted'
            'known1', '192.0.2.7', 'known2:2222', '[2001:db8::1]:22', '2001:db8::2')
        ($offered | Where-Object ListItemText -EQ from-a).ToolTip | Should -Be "Host of $env:HOME/.ssh/conf.d/a.conf"
        ($offered | Where-Object ListItemText -EQ known1).ToolTip | Should -Be "Known host of $env:HOME/.ssh/known_hosts"
    }

    It 'offers what PowerShell reads as the name' {
        foreach ($offer in Get-Completion 'Send-ItemZeroCopy file -HostName ') {
            $text = "Write-Output $($offer.CompletionText)"
            & ([scriptblock]::Create($text)) | Should -BeExactly $offer.ListItemText
        }
    }

    It 'keeps the user, and goes on behind a comma' {
        (Get-Completion 'Send-ItemZeroCopy file -HostName root@we').CompletionText | Should -Be root@web1, root@web2
        (Get-Completion 'Send-ItemZeroCopy file -HostName web1, eq').CompletionText | Should -Be equal
    }

    It 'offers no host where ssh knows none' {
        $env:HOME = "$TestDrive/nowhere"
        try { (Get-Completion 'Send-ItemZeroCopy file -HostName ').ToolTip | Should -Not -Match 'ost of' } finally { $env:HOME = "$TestDrive/home" }
    }
}
