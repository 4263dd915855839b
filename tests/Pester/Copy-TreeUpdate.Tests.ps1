# Copy-ItemZeroCopy of what changed, or of what patterns select, and what -WhatIf shows of it.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:folder = Add-MemoryFolder

    function Get-Shown([string] $Command) {
        pwsh -NoProfile -NonInteractive -Command "
            Import-Module '$((Get-Module Splice).Path)'
            Set-Location '$folder'
            $Command"
    }

    function Get-Paths([string] $Path) {
        find $Path -mindepth 1 -printf '%P\n' | Sort-Object -CaseSensitive
    }
}

AfterAll {
    Remove-Item -Recurse -Force $folder
}

Describe 'Copy-ItemZeroCopy' {
    BeforeEach {
        Push-Location -LiteralPath $folder
        $null = New-Item -ItemType Directory site/css, site/node_modules/x, site/log
        foreach ($name in 'index.html', 'css/a.css', 'css/b.js', 'node_modules/x/y.css', 'log/z.log', '.hidden') {
            [IO.File]::WriteAllText("$folder/site/$name", $name)
        }
    }

    AfterEach {
        Remove-Item -Recurse -Force $folder/*
        Pop-Location
    }

    Context '-Update' {
        It 'copies what is missing or changed, and counts the rest' {
            $null = Copy-ItemZeroCopy site backup -Recurse
            Add-Content site/index.html more
            Set-Content site/new.html new
            $result = Copy-ItemZeroCopy site/* backup -Recurse -Force -Update Changed
            ($result | Measure-Object Unchanged -Sum).Sum | Should -Be 5
            ($result | Where-Object Source -Like *.html).Status | Should -Be Updated, Copied
            Get-Content backup/index.html | Should -Be 'index.htmlmore'
            (Copy-ItemZeroCopy site/* backup -Recurse -Force -Update Changed -PerFile).Status | Sort-Object -Unique | Should -Be Unchanged
        }

        It 'tells the reason for each file' {
            Set-Content a aaa
            Set-Content b bbbb
            $first = Copy-ItemZeroCopy a b -Update Changed
            $first.Status, $first.Reason | Should -Be 'Updated', 'size differs'
            $again = Copy-ItemZeroCopy a b -Update Changed
            $again.Status, $again.Reason, $again.BytesCopied | Should -Be 'Unchanged', $null, 0
            (Get-Item b).LastWriteTime = (Get-Date).AddDays(1)
            $newer = Copy-ItemZeroCopy a b -Update Newer
            $newer.Status, $newer.Reason | Should -Be 'Skipped', 'destination is newer'
            $content = Copy-ItemZeroCopy a b -Update Content
            $content.Status, $content.Reason | Should -Be 'Updated', 'time differs'
            (Get-Item b).LastWriteTime | Should -Be (Get-Item a).LastWriteTime
        }

        It 'takes files from the pipeline' {
            $null = New-Item -ItemType Directory to
            Get-ChildItem site -File | Copy-ItemZeroCopy -Destination to | Out-Null
            (Get-ChildItem site -File | Copy-ItemZeroCopy -Destination to -Update Changed).Status | Sort-Object -Unique | Should -Be Unchanged
            Set-Content site/index.html changed
            (Get-ChildItem site -File | Copy-ItemZeroCopy -Destination to -Update Changed).Status | Should -Contain Updated
            Get-Content to/index.html | Should -Be changed
        }

        It 'takes -TimeTolerance in seconds' {
            Set-Content a aaa
            Set-Content b bbb
            (Get-Item b).LastWriteTime = (Get-Item a).LastWriteTime.AddSeconds(3600)
            (Copy-ItemZeroCopy a b -Update Changed -TimeTolerance 3600 -Preserve Mode).Status | Should -Be Unchanged
            Get-Content b | Should -Be bbb
            (Copy-ItemZeroCopy a b -Update Changed -TimeTolerance 3599 -Preserve Mode).Status | Should -Be Updated
            Get-Content b | Should -Be aaa
        }

        It 'refuses <Parameter> without <Partner>, and copies nothing' -ForEach @(
            @{ Parameter = '-TimeTolerance 2'; Partner = '-Update Changed' }, @{ Parameter = '-RetryInterval 2'; Partner = '-RetryCount 3' }
        ) {
            Set-Content a aaa
            $failure = $null
            try { & ([scriptblock]::Create("Copy-ItemZeroCopy a b $Parameter")) } catch { $failure = $_ }
            $failure.FullyQualifiedErrorId | Should -BeExactly 'ConflictingOptions,Splice.Commands.CopyItemZeroCopyCommand'
            $name = ($Parameter -split ' ')[0]
            $failure.ErrorDetails.RecommendedAction | Should -BeExactly "Add $Partner, or omit $name."
            'b' | Should -Not -Exist
            $result = & ([scriptblock]::Create("Copy-ItemZeroCopy a b $Parameter $Partner"))
            $result.Status | Should -Be Copied
        }

        It 'accepts -TimeTolerance where a script turns -Update off' {
            Set-Content a aaa
            Set-Content b bbb
            (Copy-ItemZeroCopy a b -Update Always -TimeTolerance 3600).Status | Should -Be Updated
            Get-Content b | Should -Be aaa
        }

        It 'leaves an unchanged file alone with -NoClobber, and fails for a changed one' {
            $null = New-Item -ItemType Directory backup
            $null = Copy-ItemZeroCopy site backup -Recurse
            Set-Content site/index.html changed
            $result = Copy-ItemZeroCopy site backup -Recurse -Update Changed -NoClobber -ErrorVariable failed -ErrorAction SilentlyContinue
            $result.Unchanged, $result.Failed | Should -Be 5, 1
            $failed.FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
            Get-Content backup/site/index.html | Should -Be index.html
        }

        It 'excludes <_>' -ForEach '-Append', '-Count 1', '-DestinationOffset 1' {
            Set-Content a aaa
            $copy = [scriptblock]::Create("Copy-ItemZeroCopy a b -Update Changed $_")
            (Get-Failure $copy).FullyQualifiedErrorId | Should -BeLike 'ConflictingOptions,*'
            'b' | Should -Not -Exist
        }
    }

    Context 'patterns in folders' {
        It '-Exclude leaves folders out with what is in them' {
            $null = Copy-ItemZeroCopy site backup -Recurse -Exclude node_modules/, *.log
            Get-Paths backup | Should -Be '.hidden', 'css', 'css/a.css', 'css/b.js', 'index.html', 'log'
        }

        It '-Exclude with a slash counts from the top, and ! takes back' {
            $null = Copy-ItemZeroCopy site backup -Recurse -Exclude '/css/*', '!/css/a.css', '/a.css', 'x/', log
            Get-Paths backup | Should -Be '.hidden', 'css', 'css/a.css', 'index.html', 'node_modules'
        }

        It '-Exclude also leaves out paths' {
            $null = Copy-ItemZeroCopy site/* backup -Recurse -Exclude log/, INDEX.html, node_modules
            Get-Paths backup | Should -Be 'css', 'css/a.css', 'css/b.js'
        }

        It '-Include copies only what matches, in its folders, and no empty ones' {
            $result = Copy-ItemZeroCopy site backup -Recurse -Include *.css -Exclude node_modules
            Get-Paths backup | Should -Be 'css', 'css/a.css'
            $result.FileCount, $result.DirectoryCount | Should -Be 1, 2
        }

        It '-Include takes a path whole that it matches' {
            $null = Copy-ItemZeroCopy site/css, site/log, site/index.html backup -Recurse -Include css, *.html
            Get-Paths backup | Should -Be 'css', 'css/a.css', 'css/b.js', 'index.html'
        }

        It 'warns once of a pattern that matched nothing' {
            $null = 'site/css', 'site/log' | Copy-ItemZeroCopy -Destination backup -Recurse -Include *.css, *.log, *.png -Exclude *.tmp, *.JS -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings.Message | Should -Be "The pattern '*.png' of -Include matched nothing.", "The pattern '*.tmp' of -Exclude matched nothing.", "The pattern '*.JS' of -Exclude matched nothing."
        }

        It 'takes many patterns' {
            $null = Copy-ItemZeroCopy site backup -Recurse -Exclude (1..1000 | ForEach-Object { "*.x$_" }) -WarningAction SilentlyContinue
            (Get-Paths backup).Count | Should -Be 10
        }
    }

    Context '-WhatIf of a folder' {
        It 'lists each file that would change, and the totals' {
            $null = New-Item -ItemType Directory backup
            $null = Copy-ItemZeroCopy site backup -Recurse -Exclude log, css
            Set-Content site/index.html changed
            $before = Get-Tree backup '%T@'
            $shown = Get-Shown 'Copy-ItemZeroCopy site backup -Recurse -Update Changed -Exclude log -WhatIf'
            $shown[0] | Should -Be "What if: Performing the operation `"Copy into Existing Folder`" on target `"Item: $folder/site Destination: $folder/backup/site`"."
            $shown[1..4] | Should -Be @(
                foreach ($line in 'Create Folder:css', 'Copy File:css/a.css', 'Copy File:css/b.js', 'Update File (size differs):index.html') {
                    $action, $name = $line -split ':'
                    "What if: Performing the operation `"$action`" on target `"Item: $folder/site/$name Destination: $folder/backup/site/$name`"."
                }
            )
            $shown[5] | Should -Be 'What if: Files: 2 to copy, 1 to update (25 B in all), 2 unchanged, 0 skipped, 0 with errors.'
            $shown.Count | Should -Be 6
            Get-Tree backup '%T@' | Should -Be $before
        }

        It 'lists in the order of the paths: what is in a folder follows it' {
            $null = New-Item -ItemType Directory site/css/sub, site/css/sub.d
            foreach ($name in 'css/sub.a', 'css/sub/z', 'css/sub.d/x') { Set-Content "site/$name" x }
            $shown = Get-Shown 'Copy-ItemZeroCopy site backup -Recurse -Exclude node_modules, log -WhatIf'
            $shown[1..8] -replace '.*Destination: .*/backup/(.*)"\.$', '$1' | Should -Be @(
                '.hidden', 'css', 'css/a.css', 'css/b.js', 'css/sub', 'css/sub/z', 'css/sub.a', 'css/sub.d'
            )
        }

        It 'lists no folder in which -Include selects nothing' {
            $shown = Get-Shown 'Copy-ItemZeroCopy site backup -Recurse -Include *.css -Exclude node_modules -WhatIf'
            $shown -match 'Create Folder' -replace '.*Destination: .*/backup/(.*)"\.$', '$1' | Should -Be 'css'
        }

        It 'shows the true paths where the destination would be made first' {
            $shown = Get-Shown 'Copy-ItemZeroCopy site/css, site/log backup -Recurse -WhatIf'
            $shown | Should -Contain "What if: Performing the operation `"Copy File`" on target `"Item: $folder/site/css/a.css Destination: $folder/backup/css/a.css`"."
            $shown | Should -Contain "What if: Performing the operation `"Copy File`" on target `"Item: $folder/site/log/z.log Destination: $folder/backup/log/z.log`"."
            'backup' | Should -Not -Exist
        }

        It 'shows what -Update does with single files' {
            Set-Content a aaa
            Copy-ItemZeroCopy a b | Out-Null
            Get-Shown 'Copy-ItemZeroCopy a b -Update Changed -WhatIf' |
                Should -Be 'What if: Files: 0 to copy, 0 to update (0 B in all), 1 unchanged, 0 skipped, 0 with errors.'
            Set-Content c changed
            $null = New-Item -ItemType Directory to, to/d
            Copy-ItemZeroCopy a, b, c to | Out-Null
            Set-Content c 'changed again'
            Set-Content d, e new
            Get-Shown 'Copy-ItemZeroCopy a, b, c, d, e to -Update Changed -WhatIf -ErrorAction SilentlyContinue' | Should -Be @(
                "What if: Performing the operation `"Update File (size differs)`" on target `"Item: $folder/c Destination: $folder/to/c`"."
                "What if: Performing the operation `"Copy File`" on target `"Item: $folder/e Destination: $folder/to/e`"."
                'What if: Files: 1 to copy, 1 to update (18 B in all), 2 unchanged, 0 skipped, 1 with errors.'
            )
        }

        It 'shows the errors that the copy would have' {
            $null = New-Item -ItemType Directory backup/site/index.html
            $shown = Get-Shown 'Copy-ItemZeroCopy site backup -Recurse -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue; $failed.FullyQualifiedErrorId'
            $shown[-1] | Should -BeLike 'DestinationExists,*'
            $shown[-2] | Should -BeLike '*, 1 with errors.'
        }
    }

    It '-OneFileSystem makes a mount point an empty folder' -Skip:(-not (Test-Path /proc/self/mounts) -or (id -u) -ne 0) {
        mount -t tmpfs none site/log
        try {
            Set-Content site/log/inside x
            $null = Copy-ItemZeroCopy site backup -Recurse -OneFileSystem
            Get-ChildItem backup/log | Should -BeNullOrEmpty
            'backup/log' | Should -Exist
        }
        finally {
            umount site/log
        }
    }
}
